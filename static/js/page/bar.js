/** The top bar of a page that draws nothing by script. */

import { installTheme } from './theme.js';
import { opened } from './opened.js';

installTheme(() => {});
opened();
