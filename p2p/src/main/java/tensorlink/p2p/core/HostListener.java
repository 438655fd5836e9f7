package tensorlink.p2p.core;

/** Receives a {@link Host}'s events. */
@FunctionalInterface
public interface HostListener {
    void on(HostEvent event);
}
