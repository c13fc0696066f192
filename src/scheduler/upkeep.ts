import { Cron } from 'croner'
import type { Connectors } from '../connectors/load.ts'
import type { Context } from '../context.ts'
import { connect } from '../db/client.ts'
import type { Database } from '../db/database.ts'
import { policiesOf, type Runners } from '../db/policies/all.ts'
import { claimPolicies, type PolicyClaim, planPolicies } from '../db/policies/claims.ts'
import { mendFuturePlans } from '../db/policies/future-plans.ts'
import { runPolicy } from '../db/policies/run.ts'
import { checkSettings } from '../db/policies/settings.ts'
import { RefusedError } from '../errors.ts'
import type { Shutdown } from '../shutdown.ts'
import { connectorFacts } from './connector-facts.ts'

/** Connections of its own: what takes long must not stand in the way of syncs and answers. */
const atOnce = 3
/** Seconds that a statement under way has to come to its end when the process stops. */
const grace = 5

export interface UpkeepOptions extends Runners {
  /** Where they contradict what is set, the log says so. */
  connectors?: Pick<Connectors, 'ids' | 'get'>
  /** False where the clock of this process cannot be trusted: nothing is begun. */
  clockAgrees?: () => Promise<boolean>
}

export interface Upkeep {
  /** Begins whatever is due and not run by another process. */
  tick(): Promise<void>
  /** Resolves once nothing runs any more. */
  idle(): Promise<void>
  /** Ends what runs behind its present statement, or in the middle of one that takes long. */
  stop(): Promise<void>
}

/**
 * Runs the policies that are due. Any number of processes share those of one database: each policy is run by one of them
 * at a time. What a stop leaves is due for another process, or for this one when it comes back.
 */
export function createUpkeep(
  { log, clock }: Pick<Context, 'log' | 'clock'>,
  db: Database,
  options: UpkeepOptions = {},
): Upkeep {
  const sql = connect(db.url, { max: atOnce, applicationName: 'tidemark upkeep' })
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  const policies = policiesOf(db.engine, options).filter(({ runnable }) => runnable !== false)
  let planned: Promise<void> | undefined

  async function plan(): Promise<void> {
    await planPolicies(db.sql, policies, db.rawRetentionDays, clock())
    if (!options.connectors) return
    await checkSettings(db, await connectorFacts(options.connectors)).catch((error: unknown) => {
      if (!(error instanceof RefusedError)) throw error
      log.warn({ reason: error.message }, 'policies are set as they should not be beside these connectors')
    })
  }

  async function run(claim: PolicyClaim): Promise<void> {
    const { name } = claim.policy
    const parts = { sql, leases: db.sql, engine: db.engine, clock, signal: stopping.signal }
    const { message, error, givenUp } = await runPolicy(parts, claim)
    if (givenUp)
      log.warn({ policy: name }, 'policy given up: its lease was lost, and another process may run it')
    else if (error === undefined) log.debug({ policy: name, outcome: message }, 'policy run')
    else log.error({ policy: name, err: error }, 'policy failed; it is tried again')
  }

  function begin(claim: PolicyClaim): void {
    const ended = run(claim)
      .catch((error: unknown) => {
        log.error({ policy: claim.policy.name, err: error }, 'what came of a policy could not be stored')
      })
      .finally(() => running.delete(ended))
    running.add(ended)
  }

  const idle = async () => {
    await Promise.all(running)
  }

  return {
    async tick() {
      try {
        // First of all: what is planned by a wrong clock lies where that clock is.
        if (stopping.signal.aborted || (await options.clockAgrees?.()) === false) return
        planned ??= plan().catch((error: unknown) => {
          planned = undefined
          throw error
        })
        await planned
        if (stopping.signal.aborted) return
        const { rawRetentionDays } = db
        const now = clock()
        const mended = await mendFuturePlans(db.sql, policies, rawRetentionDays, now)
        if (mended.length > 0)
          log.warn(
            { policies: mended },
            'a clock was ahead that planned or held policies: they are put right',
          )
        const claims = await claimPolicies(db.sql, policies, { now, due: true, rawRetentionDays })
        claims.forEach(begin)
      } catch (error) {
        log.error({ err: error }, 'due policies could not be claimed; it is tried again')
      }
    },
    idle,
    async stop() {
      stopping.abort()
      await sql.end({ timeout: grace })
      await idle()
    },
  }
}

/** Looks every few seconds which policies are due, until the process stops. */
export function startUpkeep(
  context: Pick<Context, 'log' | 'clock'>,
  db: Database,
  shutdown: Shutdown,
  options: UpkeepOptions = {},
): void {
  const upkeep = createUpkeep(context, db, options)
  let ticking: Promise<void> = Promise.resolve()
  const job = new Cron('*/10 * * * * *', { protect: true, timezone: 'UTC' }, () => {
    ticking = upkeep.tick()
    return ticking
  })
  shutdown.register(async () => {
    job.stop()
    await ticking
    await upkeep.stop()
  })
}
