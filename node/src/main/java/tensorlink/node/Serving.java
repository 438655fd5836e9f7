package tensorlink.node;

import tensorlink.dht.DhtConfig;
import tensorlink.p2p.core.Reachability;

/** Whether others may ask a node for the way, and store their records there. */
public enum Serving {
    /** As long as others can dial it, as far as is known. */
    AUTO,
    /** Always. */
    SERVER,
    /** Never; it only asks. */
    CLIENT;

    /**
     * What is known of a node's place in the world. Somebody who comes in from outside has proven
     * that others can; but what peers then say of a new address counts for more.
     *
     * @param listens whether it listens anywhere
     * @param reachability what other peers say of its addresses; {@code PRIVATE} also when it has
     *     none that they could dial
     * @param meetsOutsiders whether it has met peers at public addresses
     * @param isVisited whether one of them came by itself since that was said
     */
    record Place(
            boolean listens, Reachability reachability, boolean meetsOutsiders, boolean isVisited) {

        /**
         * In a network without a public address nobody is outside, so everybody can be asked. Who
         * does not know yet answers: a young network has nobody else.
         */
        private boolean canBeAsked() {
            return listens
                    && switch (reachability) {
                        case PUBLIC, UNKNOWN -> true;
                        case PRIVATE -> isVisited || !meetsOutsiders;
                    };
        }
    }

    /** What a node at {@code place} is to be. */
    DhtConfig.Mode at(Place place) {
        return switch (this) {
            case AUTO -> place.canBeAsked() ? DhtConfig.Mode.SERVER : DhtConfig.Mode.CLIENT;
            case SERVER -> DhtConfig.Mode.SERVER;
            case CLIENT -> DhtConfig.Mode.CLIENT;
        };
    }
}
