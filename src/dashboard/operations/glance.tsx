import type { ComponentChildren } from 'preact'
import { formatCount } from '../format/counts.ts'
import { Notice } from '../ui/notice.tsx'
import type { Operations, Provider } from './queries.ts'

/** What an operator wants to know first. */
export function Glance({
  operations: { providers, scheduler, counts, policies, upkeep, dirtyUsers, differences, moreDifferences },
}: {
  operations: Operations
}) {
  const sum = (part: (provider: Provider) => number) =>
    providers.reduce((total, provider) => total + part(provider), 0)
  return (
    <>
      {scheduler === 'stopped' && (
        <Notice kind="bad">Syncs should run in this process, and do not: see its log.</Notice>
      )}
      <dl class="ops-glance card" aria-label="At a glance">
        <Fact name="Scheduler" hint="Whether the process that answered syncs, or a worker elsewhere.">
          <span class={scheduler === 'stopped' ? 'bad-text' : undefined}>{schedulers[scheduler]}</span>
        </Fact>
        <Fact name="Users">{formatCount(counts.users)}</Fact>
        <Fact name="Connections">{formatCount(sum(({ sources }) => sources))}</Fact>
        <Fact name="Due">{formatCount(sum(({ due }) => due))}</Fact>
        <Fact name="Failing">
          <Alarming count={sum(({ failing }) => failing)} />
        </Fact>
        <Fact name="Dead letters">
          <Alarming count={sum(({ deadLetters }) => deadLetters)} />
        </Fact>
        <Fact
          name="Policies failing"
          hint="What the workers and TimescaleDB do for the database by themselves, and whose last run failed."
        >
          <Alarming
            count={[...policies, ...upkeep].filter(({ lastStatus }) => lastStatus === 'failed').length}
          />
        </Fact>
        <Fact
          name="Balances that differ"
          hint="Newest reported balances that the transactions do not add up to."
        >
          {moreDifferences && 'at least '}
          {formatCount(differences)}
        </Fact>
        <Fact name="Users not rolled up" hint="Users whose newest writes are read from the rows until then.">
          {formatCount(dirtyUsers)}
        </Fact>
      </dl>
    </>
  )
}

const schedulers = { running: 'Here', elsewhere: 'Elsewhere', stopped: 'Stopped' }

function Fact({ name, hint, children }: { name: string; hint?: string; children: ComponentChildren }) {
  return (
    <div title={hint}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Alarming({ count }: { count: number }) {
  return <span class={count > 0 ? 'bad-text' : undefined}>{formatCount(count)}</span>
}
