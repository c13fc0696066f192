import { z } from 'zod'
import { defineConnector } from '../../connector.ts'
import type { CaseRunner } from '../case.ts'
import { listDifference } from '../compare.ts'
import { expectNoDifference, expectThat } from '../failure.ts'
import { conformanceCases } from '../fixture.ts'

/** The manifest can be shown, the fixture fits it, and check and accounts answer. */
export const manifest: CaseRunner = async ({ fixture, open }) => {
  const { connector } = fixture
  defineConnector(connector)
  for (const field of ['title', 'auth'] as const)
    expectThat(connector[field].trim() !== '', `the manifest’s ${field} is empty`)
  expectThat(
    connector.limits.length > 0,
    'the manifest names no limit; a provider that tells none is asked with moderation all the same',
  )
  for (const field of ['credentials', 'config', 'settings'] as const) {
    const schema = connector[field]
    if (schema) expectSchema(schema, field)
  }
  const { maxDays, overlapDays, mutableDays, windowDays } = connector.history
  expectThat(
    Math.max(overlapDays, mutableDays) <= maxDays && (windowDays ?? 1) <= maxDays,
    'history: overlapDays, mutableDays and windowDays cannot be longer than maxDays',
  )
  if (connector.schedule && 'everyMinutes' in connector.schedule)
    expectThat(connector.schedule.everyMinutes >= 1, 'the schedule’s everyMinutes must be at least 1')
  for (const [name, reason] of Object.entries(fixture.lacks ?? {})) {
    expectThat(
      (conformanceCases as readonly string[]).includes(name),
      `the fixture lacks "${name}", which is no case of the kit`,
    )
    expectThat(reason.trim().length > 10, `the fixture lacks "${name}" without a reason in a sentence`)
  }

  const trial = await open()
  const subject = await trial.connect()
  const accounts = await connector.accounts(subject.context())
  const ids = accounts.map(({ externalId }) => externalId).toSorted()
  expectThat(new Set(ids).size === ids.length, 'accounts() names an account twice')
  const known = trial.emulated.world.accounts().map(({ id }) => id)
  expectNoDifference(listDifference('account', known.toSorted(), ids), 'accounts()')
}

function expectSchema(schema: z.ZodType, field: string): void {
  try {
    z.toJSONSchema(schema, { io: 'input' })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    expectThat(
      false,
      `the schema of ${field} has no JSON schema, which the form to connect is made of: ${reason}`,
    )
  }
}
