/**
 * Who holds how much, modelled on the resource manager of go-libp2p.
 *
 * <p>A {@code ResourceScope} counts against limits of its own. A {@code Claim} is what one
 * connection or stream holds, counted in several scopes at once: all of them agree or nothing is
 * taken. {@code ResourceTree} makes the scopes, the claims, and moves a claim on when it becomes
 * known whose it is. Nothing here blocks, reads a clock or knows what it counts for.
 */
@NullMarked
package tensorlink.p2p.resource;

import org.jspecify.annotations.NullMarked;
