import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { RefusedError } from '../../src/errors.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'

const archiveOf = (env: Record<string, string>) => readConfig(env, '/work/dir').archive
const database = { DATABASE_URL: 'postgres://localhost/tidemark' }
const secrets = {
  AWS_ACCESS_KEY_ID: 'ID',
  AWS_SECRET_ACCESS_KEY: canary('AWS_SECRET_ACCESS_KEY'),
}

describe('where the archive is', () => {
  test('beside the data of the own server, and nowhere with another database, unless it is told', () => {
    expect(archiveOf({})).toEqual({ kind: 'folder', folder: '/work/dir/.tidemark/archive' })
    expect(archiveOf({ TIDEMARK_DATA_DIR: '/data' })).toEqual({ kind: 'folder', folder: '/data/archive' })
    expect(archiveOf(database)).toBeUndefined()
    expect(archiveOf({ ...database, ...secrets })).toBeUndefined()
  })

  test('a folder by its path or its address', () => {
    expect(archiveOf({ ...database, TIDEMARK_ARCHIVE: 'cold' })).toEqual({
      kind: 'folder',
      folder: '/work/dir/cold',
    })
    expect(archiveOf({ TIDEMARK_ARCHIVE: '/mnt/cold storage' })).toEqual({
      kind: 'folder',
      folder: '/mnt/cold storage',
    })
    expect(archiveOf({ TIDEMARK_ARCHIVE: 'file:///mnt/cold%20storage' })).toEqual({
      kind: 'folder',
      folder: '/mnt/cold storage',
    })
  })

  test('a bucket of Amazon or of another store', () => {
    const place = {
      kind: 's3',
      bucket: 'my-bucket',
      prefix: 'tidemark/cold',
      endpoint: undefined,
      region: 'eu-central-1',
      accessKeyId: 'ID',
      secretAccessKey: secrets.AWS_SECRET_ACCESS_KEY,
      sessionToken: undefined,
    }
    const archive = { TIDEMARK_ARCHIVE: 's3://my-bucket/tidemark/cold/', ...secrets }
    expect(archiveOf({ ...archive, TIDEMARK_ARCHIVE_REGION: 'eu-central-1' })).toEqual(place)
    expect(
      archiveOf({
        ...archive,
        TIDEMARK_ARCHIVE_ENDPOINT: 'https://s3.example.org/',
        AWS_SESSION_TOKEN: 'token',
      }),
    ).toEqual({ ...place, endpoint: 'https://s3.example.org', region: 'us-east-1', sessionToken: 'token' })
    expect(
      archiveOf({ ...archive, TIDEMARK_ARCHIVE: 's3://my-bucket', TIDEMARK_ARCHIVE_REGION: 'x' }),
    ).toMatchObject({ bucket: 'my-bucket', prefix: '' })
  })
})

function faultsOf(env: Record<string, string>): string {
  try {
    readConfig(env, '/')
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError)
    return (error as Error).message
  }
  return ''
}

test('all that an archive in S3 misses is said at once, with every other fault', () => {
  const message = faultsOf({ TIDEMARK_ARCHIVE: 's3://my-bucket', PORT: 'x' })
  for (const name of ['PORT', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'TIDEMARK_ARCHIVE_REGION'])
    expect(message).toContain(`${name}: must be`)
  expect(faultsOf({ TIDEMARK_ARCHIVE: 's3://my-bucket', AWS_SECRET_ACCESS_KEY: '', ...database })).toContain(
    'AWS_SECRET_ACCESS_KEY',
  )
})

test.each([
  ['TIDEMARK_ARCHIVE', 's3://'],
  ['TIDEMARK_ARCHIVE', 's3://x'],
  ['TIDEMARK_ARCHIVE', 's3://My_Bucket'],
  ['TIDEMARK_ARCHIVE', 's3://my-bucket//a'],
  ['TIDEMARK_ARCHIVE', 's3://my-bucket/../a'],
  ['TIDEMARK_ARCHIVE', 's3://my-bucket/a b'],
  ['TIDEMARK_ARCHIVE', `s3://ID:${secrets.AWS_SECRET_ACCESS_KEY}@my-bucket`],
  ['TIDEMARK_ARCHIVE', `https://ID:${secrets.AWS_SECRET_ACCESS_KEY}@my-bucket`],
  ['TIDEMARK_ARCHIVE', 'file://elsewhere/a'],
  ['TIDEMARK_ARCHIVE_ENDPOINT', 's3.example.org'],
  ['TIDEMARK_ARCHIVE_ENDPOINT', 'ftp://s3.example.org'],
  ['TIDEMARK_ARCHIVE_ENDPOINT', `https://ID:${secrets.AWS_SECRET_ACCESS_KEY}@s3.example.org`],
  ['TIDEMARK_ARCHIVE_ENDPOINT', 'https://s3.example.org/?a=b'],
  ['TIDEMARK_ARCHIVE_REGION', 'eu central'],
])('%s is not %s', (name, value) => {
  const archive = { TIDEMARK_ARCHIVE: 's3://my-bucket', TIDEMARK_ARCHIVE_REGION: 'x', ...secrets }
  const message = faultsOf({ ...archive, [name]: value })
  expect(message).toContain(`${name}: must be`)
  expectNoCanary(message)
})
