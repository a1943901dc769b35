// Entries of a file: separated by colons, commas, semicolons or line ends. A MAC address has
// colons of its own, so a line that looks like one is taken whole.
export function entriesOf(text: string): string[] {
  const found = text.replace(/^\uFEFF/, '').split(/[\r\n;,]+/).flatMap((line) => {
    const one = line.trim();
    return /^([0-9a-f]{2}:){5}[0-9a-f]{2}(\/\d)?$/i.test(one) ? [one.replace(/:/g, '')] : one.split(':');
  });
  return [...new Set(found.map((one) => one.trim()).filter(Boolean))];
}
