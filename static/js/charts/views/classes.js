/** The loss of each class in training and validation. */

import { _ } from '../../page/texts.js';
import { classes } from '../generalisation.js';

/** @type {import('../plot.js').LabView} */
export default {
  ...classes, name: 'classes', order: 2, label: () => _('Classes'), question: () => _('Which classes are hard?'),
  matrices: ['classes'], past: (ask) => ask.matrix('classes'),
};
