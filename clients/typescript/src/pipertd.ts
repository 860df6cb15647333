/** A connection to the daemon, and the reason of a refusal. Everything else is in the stubs. */

import { readFileSync } from "node:fs";
import {
  type Channel,
  ChannelCredentials,
  type Client,
  ClientError,
  type ClientMiddleware,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  Metadata,
  Status,
} from "nice-grpc";
import { deadlineMiddleware, type DeadlineOptions } from "nice-grpc-client-middleware-deadline";
import { errorDetailsClientMiddleware, RichClientError } from "nice-grpc-error-details";

import { grpcTarget, isSocket } from "./address.js";

export { ClientError };

/** The files of mutual TLS, PEM. */
export interface Tls {
  ca: string;
  certificate: string;
  key: string;
}

const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": 64 * 1024 * 1024,
  // A daemon that hangs is noticed while a call is open.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 10_000,
  // One that was started again is found soon.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
};

/** Who calls, for the daemon's audit: gRPC shows it no user of a Unix socket. */
const claimUid: ClientMiddleware = (call, options) => {
  const metadata = Metadata(options.metadata).set("pipertd-uid", String(process.getuid?.()));
  return call.next(call.request, { ...options, metadata });
};

/** One daemon; its stubs share the connection. It is made at the first call. */
export class Connection {
  readonly #channel: Channel;
  readonly #clients = createClientFactory().use(errorDetailsClientMiddleware).use(deadlineMiddleware).use(claimUid);

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The stub of a service, as `connection.stub(StatusServiceDefinition)`. */
  stub<Service extends CompatServiceDefinition>(definition: Service): Client<Service, DeadlineOptions> {
    return this.#clients.create(definition, this.#channel);
  }

  close(): void {
    this.#channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Connect to `/PATH`, `unix:///PATH` or `HOST:PORT`, which alone uses `tls`; without it, it is taken for a tunnel's end. */
export function connect(address: string, tls?: Tls): Connection {
  const credentials = tls && !isSocket(address) ? mutual(tls) : ChannelCredentials.createInsecure();
  return new Connection(createChannel(grpcTarget(address), credentials, CHANNEL_OPTIONS));
}

function mutual({ ca, certificate, key }: Tls): ChannelCredentials {
  return ChannelCredentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(certificate));
}

/** The daemon's name of what went wrong, as UNKNOWN_TARGET; where no daemon spoke, gRPC's, as UNAVAILABLE. */
export function reason(error: ClientError): string {
  const details = error instanceof RichClientError ? error.extra : [];
  const info = details.find((detail) => detail.$type === "google.rpc.ErrorInfo");
  return info?.reason ?? Status[error.code];
}
