import type { Page } from 'playwright-core';

const mostSteps = 200;

/** What stands under the keyboard: the name that a screen reader says. */
export async function focused(page: Page): Promise<string> {
  return String(
    await page.evaluate(
      `(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent ?? '').replace(/\\s+/g, ' ').trim()`,
    ),
  );
}

/** Goes on by Tab to what is called so; fails where no number of steps leads there. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let step = 0; step < mostSteps; step += 1) {
    await page.keyboard.press('Tab');
    const here = await focused(page);
    if (typeof name === 'string' ? here === name : name.test(here)) return;
    seen.push(here.slice(0, 40));
  }
  throw new Error(`Tab never came to ${name}; it came to ${[...new Set(seen)].join(' | ')}`);
}

/** Goes on by Tab to what is called so, and presses Enter. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}
