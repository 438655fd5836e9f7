/**
 * Models of the user's own as data: {@link tensorlink.compute.graph.LayerGraph}, operators from an
 * allow-list whose shapes are inferred and checked before anything is built.
 *
 * <p>Start at {@link tensorlink.compute.graph.LayerGraph#builder} to make one, or {@link
 * tensorlink.compute.graph.LayerGraph#parse} to read one. Nothing here computes.
 */
@NullMarked
package tensorlink.compute.graph;

import org.jspecify.annotations.NullMarked;
