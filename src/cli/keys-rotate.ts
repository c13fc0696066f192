import type { Sql } from '../db/client.ts'
import { countSealedByKey, type RotationReport, rotateSealed } from '../db/rotate-sealed.ts'
import { takeStartLock } from '../db/start-lock.ts'
import { RefusedError } from '../errors.ts'
import { type KeyFile, readKeyFile, replaceKeyFile } from '../key-file.ts'
import { keyFileOf, loadKeyring } from '../keyring.ts'
import { makeSealingKey, readSealingKey } from '../sealing.ts'
import { createProgress } from './progress.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/**
 * Puts everything that is sealed to stay, credentials and the secrets of second factors, under a new key: one that it
 * makes, where Tidemark keeps its keys itself, else TIDEMARK_KEY. Interrupted at any moment, everything opens, and
 * running it again completes it. 1 where something is left out.
 */
export async function keysRotateCommand(context: CommandContext): Promise<ExitCode> {
  const { sql } = await context.openDatabase()
  const file = keyFileOf(context.config)
  const report = file === undefined ? await rewrapAll(context, sql) : await rotateKeyFile(context, sql, file)
  await tellOldKeys(context, sql)
  return tellFaults(context, report)
}

/**
 * First the new key is on disk, then rows come under it, and a key leaves the file once no row is under it. A file with
 * old keys is that of a run that did not come to its end: it is completed, without another new key.
 */
async function rotateKeyFile(
  context: CommandContext,
  sql: Sql,
  file: string,
): Promise<RotationReport | undefined> {
  const found = readKeyFile(file)
  if (found === undefined) {
    const counts = await countSealedByKey(sql)
    if (counts.size > 0)
      throw new RefusedError(`${file} is gone, and there are credentials sealed under it: restore it`)
    context.stdout.write('there is no key yet: it is made when credentials are first sealed\n')
    return undefined
  }
  if (found.old.length > 0) {
    const report = await rewrapAll(context, sql)
    const retired = await retireKeys(context, sql, file)
    if (report.rewrapped > 0 || retired.length > 0) {
      context.stdout.write(
        'this completed a rotation that had been interrupted; run it again for a new key\n',
      )
      return report
    }
    // What is left under old keys does not open: it must not stand in the way of a new key.
  }
  await changeKeyFile(context, file, ({ current, old }) => ({
    current: makeSealingKey(),
    old: [current, ...old],
  }))
  const report = await rewrapAll(context, sql)
  await retireKeys(context, sql, file)
  return report
}

async function rewrapAll(context: CommandContext, sql: Sql): Promise<RotationReport> {
  const keyring = loadKeyring(context.config)
  const progress = createProgress({
    stream: context.stderr,
    clock: () => context.clock().getTime(),
    label: 'credentials',
  })
  try {
    const report = await rotateSealed(sql, keyring, {
      onProgress: (rewrapped, total) => progress.update(rewrapped, total),
    })
    const under = (await countSealedByKey(sql)).get(keyring.currentKeyId()) ?? 0
    progress.finish()
    context.stdout.write(
      `key ${keyring.currentKeyId()} is the current one: ${count(under)} credentials are under it, ` +
        `${count(report.rewrapped)} of them were rewrapped now\n`,
    )
    return report
  } finally {
    progress.finish()
  }
}

/** Takes those keys out of the file that no row is under any more. */
async function retireKeys(context: CommandContext, sql: Sql, file: string): Promise<string[]> {
  const retired: string[] = []
  await changeKeyFile(context, file, async ({ current, old }) => {
    const counts = await countSealedByKey(sql)
    retired.push(...old.filter(({ id }) => !counts.has(id)).map(({ id }) => id))
    return { current, old: old.filter(({ id }) => counts.has(id)) }
  })
  for (const id of retired) {
    context.stdout.write(
      `key ${id} is retired: nothing is under it; a copy of the database from before still needs a copy of it\n`,
    )
  }
  return retired
}

/** One process at a time, under the lock by which they already take turns in this folder. */
async function changeKeyFile(
  { config }: CommandContext,
  file: string,
  change: (keys: KeyFile) => KeyFile | Promise<KeyFile>,
): Promise<void> {
  const unlock = await takeStartLock(config.dataDir, { path: config.path, timeout: 60_000 })
  try {
    const keys = readKeyFile(file)
    if (keys === undefined) throw new RefusedError(`${file} is gone: restore it`)
    const changed = await change(keys)
    if (changed.current !== keys.current || changed.old.length !== keys.old.length)
      replaceKeyFile(file, changed)
  } finally {
    await unlock()
  }
}

/** Which configured keys have served. */
async function tellOldKeys({ config, stdout }: CommandContext, sql: Sql): Promise<void> {
  if (config.oldKeys.length === 0) return
  const counts = await countSealedByKey(sql)
  const current = config.key === undefined ? undefined : readSealingKey(config.key).id
  for (const [index, base64] of config.oldKeys.entries()) {
    const { id } = readSealingKey(base64)
    const under = counts.get(id) ?? 0
    const name = `number ${index + 1} of TIDEMARK_OLD_KEYS (key ${id})`
    if (id === current) stdout.write(`${name} is TIDEMARK_KEY itself: it may be taken out\n`)
    else if (under > 0) stdout.write(`${name} is still needed: ${count(under)} credentials are under it\n`)
    else stdout.write(`${name} may be taken out once every process runs with the new TIDEMARK_KEY\n`)
  }
}

function tellFaults({ stderr }: CommandContext, report: RotationReport | undefined): ExitCode {
  if (report === undefined || report.faultCount === 0) return 0
  stderr.write(`tidemark: ${count(report.faultCount)} credentials were left as they are:\n`)
  for (const { row, reason } of report.faults) stderr.write(`  ${row}: ${reason}\n`)
  return 1
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
