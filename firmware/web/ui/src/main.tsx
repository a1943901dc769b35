import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/pages.css';
import { render } from 'preact';
import { App } from './app';
import { begin } from './session';
import { applyTheme } from './theme';

applyTheme();
void begin();
render(<App />, document.getElementById('app')!);
