import { randomUUID } from 'node:crypto'
import { startApp } from '../../setup/http.ts'
import type { Operation } from './operation.ts'
import { answered, proxiedApp } from './proxied-app.ts'

const password = 'correct horse battery staple'

export const logIns: Record<string, Operation> = {
  'a change of the password': async (place) => {
    const { db } = place
    const direct = await startApp(db)
    const email = `${randomUUID()}@example.org`
    await direct.json('POST', '/v1/users', { body: { email, password } })
    const logIn = () => direct.json('POST', '/v1/tokens', { body: { email, password } })
    const [{ body }] = [await logIn(), await logIn()]
    const app = await proxiedApp(place)
    const [known] = await db.sql`SELECT password_hash AS hash FROM app_user WHERE email = ${email}`
    return {
      attempt: () =>
        answered(
          app.ask('PUT', '/v1/users/me/password', {
            token: body.accessToken,
            body: { currentPassword: password, newPassword: 'another horse battery staple' },
          }),
        ),
      state: async () => [
        ...(await db.sql`
          SELECT u.password_hash <> ${known!.hash} AS changed, count(*) FILTER (WHERE s.revoked_at IS NOT NULL)::int AS ended
          FROM app_user u JOIN session s ON s.user_id = u.id WHERE u.email = ${email} GROUP BY u.id`),
      ],
      end: app.end,
    }
  },
  'the rotation of a refresh token': async (place) => {
    const { db } = place
    const direct = await startApp(db)
    const email = `${randomUUID()}@example.org`
    await direct.json('POST', '/v1/users', { body: { email, password } })
    const { body } = await direct.json('POST', '/v1/tokens', { body: { email, password } })
    const app = await proxiedApp(place)
    return {
      attempt: () =>
        answered(app.ask('POST', '/v1/tokens/refresh', { body: { refreshToken: body.refreshToken } })),
      state: async () => [
        ...(await db.sql`
          SELECT count(*)::int AS tokens, count(t.rotated_at)::int AS rotated, count(s.revoked_at)::int AS ended
          FROM refresh_token t JOIN session s ON s.id = t.session_id JOIN app_user u ON u.id = s.user_id
          WHERE u.email = ${email}`),
      ],
      end: app.end,
    }
  },
}
