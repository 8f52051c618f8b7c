/** How often each example was trained on. */

import { _ } from '../../page/texts.js';
import { visits } from '../generalisation.js';

/** @type {import('../plot.js').LabView} */
export default {
  ...visits, name: 'visits', order: 3, label: () => _('Visits'), question: () => _('How often was each example trained on?'),
  matrices: ['visits'], past: (ask) => ask.matrix('visits'),
};
