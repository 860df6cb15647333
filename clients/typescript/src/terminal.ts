/** Text of others as it may go to a terminal: what would steer it is shown instead of obeyed. */

import type { ClientError } from "nice-grpc";

import type { Timestamp } from "./stubs/google/protobuf/timestamp.js";

// Control characters but tab and line feed, separators of lines, and marks that turn the direction of writing.
const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function harmless(text: string): string {
  return text.replace(STEERING, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** Harmless text of which the first line alone begins at the edge, so that no other is taken for one of ours. */
export function setOff(text: string): string {
  return harmless(text).replace(/\n(?!\n)/g, "\n  ");
}

/** Harmless text in one line. */
export function inALine(text: string): string {
  return harmless(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** A local time to the millisecond, as 2026-01-31 23:59:59.999. */
export function clock({ seconds, nanos }: Timestamp = { seconds: 0, nanos: 0 }): string {
  const time = new Date(seconds * 1_000 + Math.floor(nanos / 1_000_000));
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, -1).replace("T", " ");
}

/** Rows under a header, in columns that are as wide as their widest cell. */
export function table(header: string[], rows: string[][]): string {
  const lines = [header, ...rows].map((cells) => cells.map(inALine));
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return lines.map((cells) => line(cells).trimEnd()).join("\n");
}

/** What is said of a daemon that went away, to somebody who reads a stream. */
export function tellOutage(error: ClientError): void {
  console.error(`example: waiting for the daemon: ${inALine(error.details)}`);
}
