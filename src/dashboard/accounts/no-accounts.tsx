import { Link } from 'wouter-preact'

/** The ways to a first account. */
export function NoAccounts({ onAdd }: { onAdd: () => void }) {
  return (
    <section class="card empty">
      <h2>No accounts yet</h2>
      <p class="soft accounts-empty">
        Accounts come from a bank or an exchange that you connect, from statements that you upload, or are
        kept by hand: a house, a pension, cash.
      </p>
      <div class="actions">
        <Link href="/sources/new" class="button primary">
          Connect a source
        </Link>
        <Link href="/sources/new?type=file" class="button">
          Upload a statement
        </Link>
        <button type="button" class="button" onClick={onAdd}>
          Add by hand
        </button>
      </div>
    </section>
  )
}
