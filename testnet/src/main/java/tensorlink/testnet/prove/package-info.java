/**
 * Proof by trial that trainings survive: networks of real processes in which workers are killed and
 * frozen, and the user too, at points drawn from a seed; every bit is then compared with a run in
 * which nothing happened.
 *
 * <p>{@code ProveTrain} leads; {@code ProveWorker} and {@code ProveUser} are its processes.
 */
@NullMarked
package tensorlink.testnet.prove;

import org.jspecify.annotations.NullMarked;
