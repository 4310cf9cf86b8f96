/** A name that none of the others has: pasted pictures are all called "image.png". */
export function uniqueName(wanted: string, taken: readonly string[]): string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  const dot = wanted.lastIndexOf(".");
  const [stem, extension] = dot > 0 ? [wanted.slice(0, dot), wanted.slice(dot)] : [wanted, ""];
  let name = wanted;
  for (let number = 2; used.has(name.toLowerCase()); number += 1) {
    name = `${stem}-${number}${extension}`;
  }
  return name;
}
