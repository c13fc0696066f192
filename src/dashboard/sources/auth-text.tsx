/** What its owner does to connect, as the connector says it; an address in it can be followed. */
export function AuthText({ text }: { text: string }) {
  const parts = text.split(/(https:\/\/[^\s)]+[^\s).,;])/)
  return (
    <p class="source-words">
      {parts.map((part) =>
        part.startsWith('https://') ? (
          <a key={part} href={part} target="_blank" rel="noreferrer">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </p>
  )
}
