// Every text of the pages has to be there in every language, and no language has its own extras
// in the words that the station says: run by `npm run check`.
import { readFileSync, readdirSync } from 'node:fs';

const LANGUAGES = ['de', 'fr', 'nl'];
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf-8');
const sources = readdirSync(new URL('./src', import.meta.url), { recursive: true })
  .map(String).filter((name) => /\.tsx?$/.test(name));

// Texts stand as literals in t('…') and plural(n, '…', '…'), or in tables of the files named here.
const CALL = /\b(?:t|plural)\(\s*(?:[\w.!?]+(?:\([^)]*\))?,\s*)?'((?:[^'\\]|\\.)*)'(?:,\s*'((?:[^'\\]|\\.)*)')?/g;
const TABLES = {
  'pages/commissioning.tsx': /(?:name|about): '((?:[^'\\]|\\.)*)'/g,
  'parts/steps.tsx': /hint: '((?:[^'\\]|\\.)+)'/g,
  'parts/site.tsx': /'([A-Z][a-z][\w ]*)'[,\]]/g,
  'shapes.ts': /^ {2}(?:'([^']*)'|"([^"]*)"),$/gm,
  'parts/form.tsx': /\['(Show [^']*)'/g,
  'parts/field.tsx': /(?:immediate|'next session'|restart): '([^']*)'/g,
};

const wanted = new Set(Object.keys(JSON.parse(read('./src/lang/words.en.json'))));
for (const name of sources) {
  const text = read(`./src/${name}`);
  for (const pattern of [CALL, TABLES[name]].filter(Boolean)) {
    for (const found of text.matchAll(pattern)) {
      found.slice(1).filter(Boolean).forEach((one) => wanted.add(one.replace(/\\'/g, "'")));
    }
  }
}

const missing = LANGUAGES.flatMap((language) => {
  const texts = JSON.parse(read(`./src/lang/${language}/chrome.json`));
  return [...wanted].filter((one) => !(one in texts)).map((one) => `${language}: ${one}`);
});
const parts = ['labels', 'help', 'choices', 'faults', 'chrome'];
for (const part of parts) {
  const [first, ...others] = LANGUAGES.map((one) => Object.keys(JSON.parse(read(`./src/lang/${one}/${part}.json`))));
  for (const other of others) {
    if (other.join('\n') !== first.join('\n')) missing.push(`${part}.json: the languages differ in their keys`);
  }
}
if (missing.length) {
  console.error(`Texts that are missing:\n${missing.join('\n')}`);
  process.exit(1);
}
console.log(`${wanted.size} texts in ${LANGUAGES.length + 1} languages`);
