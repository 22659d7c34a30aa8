/** What graphite-web 1.1.8 on this Python cannot answer, or answers by its own clock, and why it is not compared. */
export const excluded: { what: string; why: string }[] = [
  { what: "randomWalk('x')", why: 'its values are random' },
  { what: 'ema(db.neg,5)', why: 'graphite-web knows it by its long name alone' },
  { what: 'logarithm(db.const,2)', why: 'graphite-web 1.1 knows it as log alone' },
  {
    what: 'mapSeries(web*.cpu.*,0)',
    why: 'it gives lists of series, which graphite-web renders inside reduceSeries alone',
  },
  {
    what: "timeSlice(db.neg,'-8min')",
    why: 'graphite-web reads relative times of functions by the clock of the host',
  },
  {
    what: "linearRegression(db.neg,'-8min','-3min')",
    why: 'graphite-web reads relative times of functions by the clock of the host',
  },
  { what: "verticalLine('-5min')", why: 'graphite-web fails on it; it is not among our functions' },
  { what: 'cactiStyle(db.neg)', why: 'not among our functions' },
  { what: "events('*')", why: 'not among our functions: there is no store of events' },
  {
    what: "aliasQuery(db.neg,'neg','const','v')",
    why: 'graphite-web fails: not all arguments converted during string formatting',
  },
  {
    what: 'removeBetweenPercentile(web*.cpu.user,30)',
    why: 'graphite-web fails on points without value; compared without gaps',
  },
  {
    what: 'averageOutsidePercentile(db.*,80)',
    why: 'graphite-web fails on a series without values; compared without one',
  },
  {
    what: 'nonNegativeDerivative(web*.net.rx,70000)',
    why: 'graphite-web fails on points without value; compared without gaps',
  },
  {
    what: 'perSecond(web*.net.rx,65535)',
    why: 'graphite-web fails on points without value; compared without gaps',
  },
  {
    what: "useSeriesAbove(web*.cpu.user,40,'user','system')",
    why: 'graphite-web fails on points without value; compared without gaps',
  },
  { what: 'add(db.neg,inf)', why: 'graphite-web fails: cannot convert float infinity to integer' },
  { what: 'delay(db.neg,0)', why: 'graphite-web takes 0 for an argument that is missing' },
  { what: 'highest(web*.cpu.user,-1)', why: 'graphite-web leaves out the last series; ours are none' },
  {
    what: "aliasByNode(web*.cpu.user,'0')",
    why: 'graphite-web takes digits in quotes for the name of a tag, ours for a step',
  },
  {
    what: "summarize(seriesList=db.neg,intervalString='5min')",
    why: 'graphite-web finds no series in arguments by name',
  },
];
