/** Up to two letters that stand for a name: "Ada Byron" is AB, "Customer 1042" C1. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).slice(0, 2);
  return words.map((word) => [...word][0] ?? "").join("").toUpperCase() || "?";
}
