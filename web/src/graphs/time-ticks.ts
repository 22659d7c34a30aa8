const day = 86_400;

/** What stands at the ticks of an axis of time, epoch seconds, `step` seconds apart: hours, and the day where one begins. */
export function timeTicks(ticks: readonly number[], step: number): string[] {
  let shown = '';
  return ticks.map((at) => {
    const date = new Date(at * 1000);
    const two = (value: number): string => String(value).padStart(2, '0');
    const days = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    const isNew = days !== shown;
    shown = days;
    if (step >= day) return days;
    const seconds = step < 60 ? `:${two(date.getSeconds())}` : '';
    const time = `${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
    return isNew ? `${time}\n${days}` : time;
  });
}
