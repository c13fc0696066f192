import { KeyForm } from '../log-in/key-form.tsx'
import { Page } from '../ui/page.tsx'

/** For somebody who is logged in and comes to the page of operations: it is not about them, and needs a key. */
export function UseKeyPage() {
  return (
    <Page title="Operations">
      <p class="ops-intro">
        This page is for whoever runs this installation: how its providers stand and what is used of their
        budgets, what ran and what failed, and the database behind it. A log-in does not open it, a key does.
        While you use the key in this tab, you stay logged in behind it: log out of the key, and you are back.
      </p>
      <div class="ops-key">
        <KeyForm />
      </div>
    </Page>
  )
}
