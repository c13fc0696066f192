import { stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import {
  type ConformanceCase,
  type ConnectorFixture,
  conformanceCases,
} from '../connectors/conformance/fixture.ts'
import { formatHead, formatResult, formatTotals } from '../connectors/conformance/report.ts'
import { runConformance } from '../connectors/conformance/run.ts'
import { loadConnectors } from '../connectors/load.ts'
import { loadOutside } from '../connectors/load-outside.ts'
import { RefusedError } from '../errors.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Runs the conformance kit over a connector, told by its id or by its folder. */
export async function connectorCheckCommand(
  context: CommandContext,
  id: string,
  options: { case?: string } = {},
): Promise<ExitCode> {
  const cases = options.case === undefined ? conformanceCases : [asCase(options.case)]
  const fixture = await findFixture(context, id)
  context.stdout.write(formatHead(fixture.connector))
  const results = await runConformance(fixture, {
    cases,
    signal: context.signal,
    onResult: (result) => context.stdout.write(formatResult(result)),
  })
  context.stdout.write(formatTotals(results))
  return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0
}

function asCase(name: string): ConformanceCase {
  const found = conformanceCases.find((each) => each === name)
  if (found) return found
  throw new RefusedError(`there is no case "${name}"; there are ${conformanceCases.join(', ')}`)
}

async function findFixture(
  { config, workingDirectory }: CommandContext,
  id: string,
): Promise<ConnectorFixture> {
  const folder = resolve(workingDirectory, id)
  const looksLikePath = isAbsolute(id) || /[/\\.]/.test(id)
  if (looksLikePath && (await stat(folder).catch(() => undefined))?.isDirectory()) {
    const found = await loadOutside([folder])
    const [only] = found
    if (!only || found.length > 1)
      throw new RefusedError(
        `${id}: has ${found.length} connectors; name the folder of one (${found.map((each) => each.id).join(', ')})`,
      )
    return only.fixture()
  }
  if (looksLikePath) throw new RefusedError(`${id}: there is no such folder`)
  const connectors = await loadConnectors({
    places: config.connectors,
    settingsFile: config.connectorSettings,
  })
  return connectors.fixture(id)
}
