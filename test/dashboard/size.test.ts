import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, inject, test } from 'vitest'

test('script and style together are at most 120 KB compressed', async () => {
  const folder = join(inject('dashboard'), 'assets')
  const names = await readdir(folder)
  expect(names.map((name) => name.replace(/^.*\./, ''))).toEqual(expect.arrayContaining(['css', 'js']))
  let bytes = 0
  for (const name of names) bytes += gzipSync(await readFile(join(folder, name))).length
  expect(bytes).toBeLessThan(120 * 1024)
})
