import { runCell } from './cells.ts';
import { runScale, runSplit } from './scale.ts';

/** What one process of the bench is to simulate. */
export type Job =
  | { do: 'cell'; of: Parameters<typeof runCell> }
  | { do: 'scale'; of: Parameters<typeof runScale> }
  | { do: 'split'; of: Parameters<typeof runSplit> };

process.once('message', (job: Job) => {
  process.send?.(result(job), () => process.disconnect());
});

function result(job: Job): unknown {
  switch (job.do) {
    case 'cell':
      return runCell(...job.of);
    case 'scale':
      return runScale(...job.of);
    case 'split':
      return runSplit(...job.of);
  }
}
