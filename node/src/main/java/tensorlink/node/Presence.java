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
 * @param scheduler its clock and threads
 */
public record Presence(
        Profile profile, Serving serving, List<Subnet> allowed, Scheduler scheduler) {
    public Presence {
        allowed = List.copyOf(allowed);
    }

    /** Serves as it can be reached and speaks with everybody, by the machine's clock. */
    public static Presence defaults() {
        return new Presence(Profile.STANDARD, Serving.AUTO, List.of(), Scheduler.system());
    }

    public Presence withProfile(Profile changed) {
        return new Presence(changed, serving, allowed, scheduler);
    }

    public Presence withServing(Serving changed) {
        return new Presence(profile, changed, allowed, scheduler);
    }

    /** Dials nobody outside {@code subnets}, and lets nobody in from there. */
    public Presence withAllowed(List<Subnet> subnets) {
        return new Presence(profile, serving, subnets, scheduler);
    }

    public Presence withScheduler(Scheduler changed) {
        return new Presence(profile, serving, allowed, changed);
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
