import type { Directive, Place } from '../nagios/model.ts';

/** Something that is not in the result as it was in the source. Said once for each line that says it; `objects` counts what it holds for. */
export interface Remark {
  place: Place;
  /** One of the objects, such as `service 'PING' on 'web-1'`; '' for the main file. */
  object: string;
  objects: number;
  what: string;
}

/** One object of the result and what it comes from. */
export interface Carried {
  place: Place;
  object: string;
  /** The id here. */
  to: string;
}

const maxRemarks = 5000;

/** Gathers what was carried, what is different now, and what was not carried. */
export class ImportReport {
  readonly carried: Carried[] = [];
  /** Remarks beyond those that are kept. */
  dropped = 0;
  private readonly remarks = { changed: new Map<string, Remark>(), lost: new Map<string, Remark>() };

  carry(place: Place, object: string, to: string): void {
    this.carried.push({ place, object, to });
  }

  /** It is carried, and behaves differently. */
  change(at: Place | Directive, object: string, what: string): void {
    this.add('changed', at, object, what);
  }

  /** It has no counterpart. */
  lose(at: Place | Directive, object: string, what: string): void {
    this.add('lost', at, object, what);
  }

  get changed(): Remark[] {
    return sorted(this.remarks.changed);
  }

  get lost(): Remark[] {
    return sorted(this.remarks.lost);
  }

  private add(kind: 'changed' | 'lost', at: Place | Directive, object: string, what: string): void {
    const place = 'place' in at ? at.place : at;
    const remarks = this.remarks[kind];
    const key = `${place.file}\0${place.line}\0${what}`;
    const known = remarks.get(key);
    if (known !== undefined) known.objects += 1;
    else if (remarks.size >= maxRemarks) this.dropped += 1;
    else remarks.set(key, { place, object, objects: 1, what });
  }
}

function sorted(remarks: ReadonlyMap<string, Remark>): Remark[] {
  const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
  return [...remarks.values()].sort(
    (a, b) => order(a.place.file, b.place.file) || a.place.line - b.place.line || order(a.what, b.what),
  );
}
