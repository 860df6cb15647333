/** What the two programs have alike on their command lines. */

import { isSocket } from "./address.js";
import { connect, type Connection, type Tls } from "./pipertd.js";
import type { Target } from "./stubs/pipertd/v1/pipeline.js";

/** Raised where a command line cannot be meant. */
export class UsageError extends Error {}

export const CONNECTION_USAGE = "[--address ADDRESS] [--ca FILE --cert FILE --key FILE]";

export const CONNECTION_OPTIONS = {
  address: { type: "string" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
} as const;

type ConnectionValues = { [Option in keyof typeof CONNECTION_OPTIONS]?: string };

/** What a call has to be answered in; streams have no end. */
export const CALL_TIMEOUT_MS = 60_000;

/** Connect as the options say, or else the environment. */
export function connectAs(values: ConnectionValues): Connection {
  const { PIPERTD_ADDRESS, PIPERTD_CA, PIPERTD_CERT, PIPERTD_KEY } = process.env;
  const address = values.address || PIPERTD_ADDRESS || "unix:///run/pipertd/control.sock";
  const files = {
    ca: values.ca || PIPERTD_CA,
    certificate: values.cert || PIPERTD_CERT,
    key: values.key || PIPERTD_KEY,
  };
  return isSocket(address) ? connect(address) : connect(address, tlsOf(files));
}

function tlsOf({ ca, certificate, key }: { [File in keyof Tls]: string | undefined }): Tls | undefined {
  if (ca && certificate && key) {
    return { ca, certificate, key };
  }
  if (ca || certificate || key) {
    throw new UsageError("cannot use TLS: it takes all three of --ca, --cert and --key");
  }
  return undefined;
}

/** Read PIPELINE[/FLOW[/ROUTINE]]. */
export function parseTarget(text: string): Target {
  const parts = text.split("/");
  if (parts.length > 3 || parts.includes("")) {
    throw new UsageError(`cannot read target '${text}': it is written PIPELINE[/FLOW[/ROUTINE]]`);
  }
  const [pipeline = "", flow = "", routine = ""] = parts;
  return { pipeline, flow, routine };
}

/** The target that was given, if one was. */
export function optionalTarget([target, ...more]: string[]): Target | undefined {
  if (more.length > 0) {
    throw new UsageError(`cannot take so many arguments: ${more.join(" ")}`);
  }
  return target === undefined ? undefined : parseTarget(target);
}

/** The number that was given to an option. */
export function parseNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least) {
    throw new UsageError(`cannot read ${option} '${text}': it takes a whole number from ${least}`);
  }
  return number;
}
