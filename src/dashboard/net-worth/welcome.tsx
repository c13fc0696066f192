import { Link } from 'wouter-preact'

/** For whoever has nothing yet. */
export function Welcome() {
  return (
    <section class="card empty">
      <h2>Nothing is here yet</h2>
      <p>Net worth is drawn from your transactions. There are three ways to bring some:</p>
      <div class="actions">
        <Link class="button primary" href="/sources/new">
          Connect a source
        </Link>
        <Link class="button" href="/sources">
          Upload statement files
        </Link>
        <Link class="button" href="/accounts">
          Add an account by hand
        </Link>
      </div>
      <p class="hint">
        To look around first, run <code>npx tidemark demo</code> where Tidemark is installed: it makes ten
        years of a household in a database of its own, and ends with a link that is logged in.
      </p>
    </section>
  )
}
