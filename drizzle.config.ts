import { defineConfig } from 'drizzle-kit'

/** `npm run db:generate` writes a migration for what changed in src/db/schema. Applied files never change. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/db/schema/*.ts',
  out: './sql/migrations',
  casing: 'snake_case',
})
