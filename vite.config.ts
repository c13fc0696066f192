import { defineConfig } from 'vite'

/** The dashboard: built into dist/dashboard, which the HTTP layer serves; `npm run dev:dashboard` asks a running one. */
export default defineConfig({
  root: 'src/dashboard',
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing inline: the page allows what comes from its own server alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/v1', '/docs', '/openapi.json', '/healthz', '/readyz'].map((path) => [path, 'http://127.0.0.1:8080']),
    ),
  },
})
