/** Where a daemon is: `/PATH`, `unix:///PATH` or `HOST:PORT`. */

/** Raised where a text is no address. */
export class AddressError extends Error {}

export function isSocket(address: string): boolean {
  return /^(unix:|\/)/.test(address);
}

const LAST_PORT = 65_535;

/** An address as gRPC writes it. */
export function grpcTarget(address: string): string {
  const [, path, hostAndPort, port] = /^(?:unix:\/\/)?(\/.+)$|^([^/]+:(\d+))$/.exec(address) ?? [];
  if (path !== undefined) {
    return `unix://${path}`;
  }
  if (hostAndPort === undefined || Number(port) > LAST_PORT) {
    throw new AddressError(`cannot read address '${address}': it is written /PATH, unix:///PATH or HOST:PORT`);
  }
  return hostAndPort;
}
