import { render } from 'preact';
import { startLive } from './live/live.ts';
import { App } from './shell/app.tsx';
import './style/index.css';

const root = document.getElementById('app');
if (root !== null) render(<App start={startLive} />, root);
