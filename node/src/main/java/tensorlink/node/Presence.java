package tensorlink.node;

import java.util.List;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Subnet;

/**
 * How a node is there for others.
 *
 * @param profile how much it says while nobody wants anything of it
 * @param serving whether they may ask it for the way
 * @param allowed who may be spoken with by their addresses; everybody when it is empty
 * @param opensNat whether to have the router pass on to it, and to punch holes; without effect in a
 *     network with a key, and when all that is listened at is loopback
 * @param scheduler its clock and threads
 */
public record Presence(
        Profile profile,
        Serving serving,
        List<Subnet> allowed,
        boolean opensNat,
        Scheduler scheduler) {
    public Presence {
        allowed = List.copyOf(allowed);
    }

    /**
     * Serves as it can be reached, speaks with everybody, and leaves the router alone, by the
     * machine's clock.
     */
    public static Presence defaults() {
        return new Presence(Profile.STANDARD, Serving.AUTO, List.of(), false, Scheduler.system());
    }

    public Presence withProfile(Profile changed) {
        return new Presence(changed, serving, allowed, opensNat, scheduler);
    }

    public Presence withServing(Serving changed) {
        return new Presence(profile, changed, allowed, opensNat, scheduler);
    }

    /** Dials nobody outside {@code subnets}, and lets nobody in from there. */
    public Presence withAllowed(List<Subnet> subnets) {
        return new Presence(profile, serving, subnets, opensNat, scheduler);
    }

    /** Goes through NATs when {@code opens}: its own router's, and those of others. */
    public Presence withNatOpening(boolean opens) {
        return new Presence(profile, serving, allowed, opens, scheduler);
    }

    public Presence withScheduler(Scheduler changed) {
        return new Presence(profile, serving, allowed, opensNat, changed);
    }

    /** The same with what {@link Serving#AUTO} means under the profile. */
    Serving servingAsProfiled() {
        return serving == Serving.AUTO ? profile.serving() : serving;
    }

    /** Lets pass who is {@link #allowed}. */
    Gater gater() {
        var gater = new Gater();
        allowed.forEach(gater::allow);
        return gater;
    }
}
