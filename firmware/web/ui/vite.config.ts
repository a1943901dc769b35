// Builds the pages into ../static with fixed names: one index.html, app.js and app.css,
// and one file of texts per language, so that only the chosen language is loaded.
import { readFileSync, existsSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

const LANGUAGES = ['de', 'fr', 'nl'];
const PARTS = ['chrome', 'labels', 'help', 'choices', 'faults'];

function texts(language: string): string {
  const all: Record<string, unknown> = {};
  for (const part of PARTS) {
    const file = new URL(`./src/lang/${language}/${part}.json`, import.meta.url);
    all[part] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf-8')) : {};
  }
  return JSON.stringify(all);
}

const languages: Plugin = {
  name: 'languages',
  generateBundle() {
    for (const language of LANGUAGES) {
      this.emitFile({ type: 'asset', fileName: `lang/${language}.json`, source: texts(language) });
    }
  },
  configureServer(server) {
    server.middlewares.use((request, response, next) => {
      const asked = /^\/lang\/(de|fr|nl)\.json/.exec(request.url ?? '');
      if (!asked) return next();
      response.setHeader('Content-Type', 'application/json');
      response.end(texts(asked[1]!));
    });
  },
};

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [languages],
  server: { proxy: { '/api': process.env.STATION ?? 'http://127.0.0.1:8123' } },
  build: {
    outDir: '../static',
    emptyOutDir: true,
    sourcemap: false,
    target: 'es2021',
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: 'app.js',
        chunkFileNames: '[name].js',
        assetFileNames: (asset) => (asset.names[0]?.endsWith('.css') ? 'app.css' : '[name][extname]'),
      },
    },
  },
});
