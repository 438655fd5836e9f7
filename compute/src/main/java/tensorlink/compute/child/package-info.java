/**
 * Stages that are computed by a process of their own, so that a crash of native code costs one
 * stage and not the program, and what a stage takes has limits that the system enforces.
 *
 * <p>Start at {@link tensorlink.compute.child.ChildEngine}, which starts the processes; {@code
 * ChildStage} asks one for what a stage does, in {@code Call}s, and {@code StageServer} answers
 * there, in {@code Reply}s. Both sides are this program, so the format between them is nobody
 * else's. It keeps crashes apart, not secrets: a process has its user's rights.
 */
@NullMarked
package tensorlink.compute.child;

import org.jspecify.annotations.NullMarked;
