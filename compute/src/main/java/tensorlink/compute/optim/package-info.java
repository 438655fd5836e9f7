/**
 * What an optimizer is told: its settings as values. The state, moments and step counts, lives on
 * the stages, beside the parameters it belongs to.
 */
@NullMarked
package tensorlink.compute.optim;

import org.jspecify.annotations.NullMarked;
