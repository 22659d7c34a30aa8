import { TargetError } from '../grammar/target.ts';
import { localTimeOf, timeOfLocal } from './zone.ts';

/** The time at which the second, minute, hour, day, month or year of `time` began in the zone; `weeks` may name the day that begins them (`weeks1`: Monday). */
export function startOfUnit(unit: string, time: number, zone: string): number {
  const found = /^(s|min|h|d|w|mon|y)[a-z]*?(\d)?$/.exec(unit.trim().toLowerCase());
  const [, name, weekday = '1'] = found ?? [];
  const local = localTimeOf(time, zone);
  switch (name) {
    case 's':
      return time;
    case 'min':
      return timeOfLocal({ ...local, second: 0 }, zone);
    case 'h':
      return timeOfLocal({ ...local, second: 0, minute: 0 }, zone);
    case 'd':
      return timeOfLocal({ ...local, second: 0, minute: 0, hour: 0 }, zone);
    case 'w': {
      const today = new Date(Date.UTC(local.year, local.month - 1, local.day)).getUTCDay() || 7;
      const back = (today - Number(weekday) + 7) % 7;
      return timeOfLocal({ ...local, second: 0, minute: 0, hour: 0, day: local.day - back }, zone);
    }
    case 'mon':
      return timeOfLocal({ ...local, second: 0, minute: 0, hour: 0, day: 1 }, zone);
    case 'y':
      return timeOfLocal({ ...local, second: 0, minute: 0, hour: 0, day: 1, month: 1 }, zone);
    default:
      throw new TargetError(
        `'${unit}' is no unit of time; take seconds, minutes, hours, days, weeks, months or years`,
      );
  }
}
