import './settings.css'
import { type Me, useMe } from '../queries.ts'
import { Problem } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ApiKeys } from './api-keys.tsx'
import { Appearance } from './appearance.tsx'
import { LogIns } from './log-ins.tsx'
import { PasswordForm } from './password-form.tsx'
import { Place } from './place.tsx'
import { SecondFactor } from './second-factor.tsx'

export function SettingsPage() {
  const { data, error, refetch } = useMe()
  return (
    <Page title="Settings">
      <div class="settings">
        <Problem error={error} retry={() => void refetch()} />
        {data ? <Sections me={data} /> : !error && <Skeleton lines={8} />}
      </div>
    </Page>
  )
}

function Sections({ me }: { me: Me }) {
  return (
    <>
      <p class="soft">
        You are logged in as <strong>{me.email ?? 'a user without an email'}</strong>.
      </p>
      <Place me={me} />
      <Appearance />
      <PasswordForm me={me} />
      <SecondFactor me={me} />
      <ApiKeys me={me} />
      <LogIns />
    </>
  )
}
