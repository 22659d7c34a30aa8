// What piscina loads, by `require`. Node loads a module so too, but in one go, and a thread that is ended meanwhile may take the whole process with it (seen on
// Node 20.20: "v8::Module::IsGraphAsync must be used on an instantiated module"). A promise of the module is waited for instead.
exports.runJob = import('./job-thread.js').then(({ runJob }) => runJob);
