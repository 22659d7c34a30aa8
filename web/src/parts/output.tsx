interface Props {
  /** What it is that is said. */
  label: string;
  text: string;
}

/** What a check or a service says, as it stands, within a bounded height. */
export function Output({ label, text }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <section class="output" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  );
}
