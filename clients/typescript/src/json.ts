/** JSON as Python writes it by `json.dumps(value, sort_keys=True)`: in ASCII, with a space behind each comma and colon. */
export function dumps(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(dumps).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([key, member]) => `${dumps(key)}: ${dumps(member)}`).join(", ")}}`;
  }
  return typeof value === "number" ? number(value) : ascii(JSON.stringify(value));
}

function ascii(text: string): string {
  return text.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A whole number has all its digits, a small one an exponent of two. */
function number(value: number): string {
  if (Number.isInteger(value)) {
    return BigInt(value).toString();
  }
  return Math.abs(value) < 1e-4 ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : String(value);
}
