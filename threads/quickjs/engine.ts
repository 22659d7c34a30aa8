import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  type ContextOptions,
  type JSContextPointer,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSEmscriptenModule,
  type QuickJSFFI,
  type QuickJSSyncVariant,
  RELEASE_SYNC,
} from 'quickjs-emscripten';

export type {
  JSValueConstPointerPointer,
  JSValuePointer,
  QuickJSContext,
  QuickJSHandle,
} from 'quickjs-emscripten';

const page = 65_536;
/** The engine does not start with less. */
const smallestPages = 256;

/** What lies below the library's handles. */
export interface RawEngine {
  ffi: QuickJSFFI;
  context: JSContextPointer;
}

/** One engine in a memory of its own. */
export interface QuickJS {
  context: QuickJSContext;
  raw: RawEngine;
  /** What its memory has grown to; it never shrinks. */
  memoryBytes(): number;
}

/** How an engine is made. */
export interface QuickJSOptions {
  /** The memory's maximum; the engine's own limit does not hold. */
  memoryBytes: number;
  stackBytes: number;
  intrinsics: NonNullable<ContextOptions['intrinsics']>;
}

/** Node's types know WebAssembly only as a namespace. */
const wasm = (
  globalThis as unknown as {
    WebAssembly: {
      Memory: new (size: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
      compile(bytes: Buffer): Promise<object>;
    };
  }
).WebAssembly;

let compiled: Promise<object> | undefined;

/**
 * Starts an engine in a WebAssembly memory with a maximum. All engines of a thread come from one compiled module, whose code V8 shares among the
 * threads as well.
 */
export async function openQuickJS({ memoryBytes, stackBytes, intrinsics }: QuickJSOptions): Promise<QuickJS> {
  compiled ??= compile();
  const maximum = Math.max(smallestPages, Math.floor(memoryBytes / page));
  const memory = new wasm.Memory({ initial: smallestPages, maximum });
  const raw: Partial<RawEngine> = {};
  const variant = newVariant(RELEASE_SYNC, {
    wasmMemory: memory as never,
    wasmModule: (await compiled) as never,
  });
  const module = await newQuickJSWASMModuleFromVariant(observed(variant, raw));
  const context = module.newContext({ intrinsics });
  context.runtime.setMaxStackSize(stackBytes);
  if (raw.ffi === undefined || raw.context === undefined) throw new Error('the engine gave no context');
  return { context, raw: raw as RawEngine, memoryBytes: () => memory.buffer.byteLength };
}

function compile(): Promise<object> {
  const library = createRequire(createRequire(import.meta.url).resolve('quickjs-emscripten'));
  return wasm.compile(readFileSync(library.resolve('@jitl/quickjs-wasmfile-release-sync/wasm')));
}

/** The variant, telling which functions and which context its instance has. */
function observed(variant: QuickJSSyncVariant, raw: Partial<RawEngine>): QuickJSSyncVariant {
  const importFFI: QuickJSSyncVariant['importFFI'] = async () => {
    const Base = await variant.importFFI();
    return class extends Base {
      constructor(module: QuickJSEmscriptenModule) {
        super(module);
        refuseNull(module);
        raw.ffi = this;
        const create = this.QTS_NewContext;
        this.QTS_NewContext = (...args) => {
          raw.context = create(...args);
          return raw.context;
        };
      }
    };
  };
  return { ...variant, importFFI };
}

/** The library writes to what it allocated without a look: with no memory left it would overwrite the engine's own from address 0 on. */
function refuseNull(module: QuickJSEmscriptenModule): void {
  const { _malloc: allocate } = module;
  module._malloc = (size) => {
    const place = allocate(size);
    if (place === 0 && size > 0) throw new Error('the engine has no memory left');
    return place;
  };
}
