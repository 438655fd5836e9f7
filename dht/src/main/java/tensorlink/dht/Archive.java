package tensorlink.dht;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.dht.wire.SavedContact;
import tensorlink.dht.wire.SavedRecord;
import tensorlink.dht.wire.SavedRecords;
import tensorlink.dht.wire.SavedTable;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Saves whom this node knows and which records it holds, and brings them back after a restart.
 *
 * <p>Those whom we have known longest are the anchors, asked first in the next life: an attacker
 * who waits for a restart to fill an empty table finds it filled. A saved peer keeps its place like
 * any other until it is found silent. What cannot be read is left out, and said in the log.
 */
final class Archive {
    private static final Logger log = LoggerFactory.getLogger(Archive.class);

    static final int ANCHORS = 8;

    private static final String TABLE = "peers";
    private static final String RECORDS = "records";
    private static final int CONTACTS_MAX = 512;
    private static final int ADDRESSES_MAX = KadCodec.ADDRESSES_MAX;

    /** An id, eight addresses and what is around them, with room to spare. */
    private static final int CONTACT_BYTES_MAX = 1024;

    /** A key, two times and what is around them. */
    private static final int RECORD_BYTES_EXTRA = Key.BYTES_MAX + 64;

    private static final Duration INTERVAL = Duration.ofMinutes(5);

    private final DhtConfig config;
    private final RoutingTable table;
    private final Holdings holdings;

    /** The digest of what was last saved; touched by the background thread, and after its end. */
    private ByteString savedRecords = ByteString.EMPTY;

    Archive(DhtConfig config, RoutingTable table, Holdings holdings) {
        this.config = config;
        this.table = table;
        this.holdings = holdings;
    }

    /**
     * Brings back what was saved.
     *
     * @return the anchors
     */
    List<PeerInfo> restore() {
        restoreRecords();
        var contacts = loadContacts();
        contacts.forEach(table::restore);
        var anchors = new ArrayList<PeerInfo>();
        for (var contact : contacts.subList(0, Math.min(ANCHORS, contacts.size()))) {
            anchors.add(contact.info());
        }
        return anchors;
    }

    private List<Contact> loadContacts() {
        var contacts = new ArrayList<Contact>();
        try {
            var saved = config.store().load(TABLE, CONTACTS_MAX * CONTACT_BYTES_MAX);
            if (saved.isPresent()) {
                for (var contact : SavedTable.parseFrom(saved.get()).getContactsList()) {
                    if (contacts.size() < CONTACTS_MAX) {
                        contacts.add(decode(contact));
                    }
                }
            }
        } catch (IOException | IllegalArgumentException unreadable) {
            log.warn("begins without the peers known before: {}", unreadable.getMessage());
        }
        return contacts;
    }

    private void restoreRecords() {
        var bounds = config.bounds();
        long bytesMax = (long) bounds.recordsMax() * (bounds.recordBytesMax() + RECORD_BYTES_EXTRA);
        try {
            var saved =
                    config.store().load(RECORDS, (int) Math.min(bytesMax, Integer.MAX_VALUE / 2));
            if (saved.isPresent()) {
                for (var record : SavedRecords.parseFrom(saved.get()).getRecordsList()) {
                    restore(record);
                }
            }
        } catch (IOException | IllegalArgumentException unreadable) {
            log.warn("begins without the records held before: {}", unreadable.getMessage());
        }
    }

    /** The file may have been touched, and the rules may have changed: judged like a new one. */
    private void restore(SavedRecord saved) throws IOException {
        var record = new DhtRecord(saved.getKey(), saved.getValue());
        switch (holdings.check(record)) {
            case RecordValidator.Verdict.Invalid(var reason) ->
                    log.debug("holds a record no longer: {}", reason);
            case RecordValidator.Verdict.Valid(var end) -> {
                var savedEnd = Instant.ofEpochMilli(saved.getEndMillis());
                holdings.restore(
                        new HeldRecord(record, Instant.ofEpochMilli(saved.getSinceMillis())),
                        end.isBefore(savedEnd) ? end : savedEnd);
            }
        }
    }

    /** Saves now and then, until interrupted. */
    void keepUp() throws InterruptedException {
        while (true) {
            config.scheduler().sleep(config.spread(INTERVAL));
            save();
        }
    }

    /** Records rarely change and can be many, so they are written only when they have. */
    void save() {
        if (config.store() == NoStore.INSTANCE) {
            return;
        }
        try {
            config.store().save(TABLE, table());
            var records = records();
            var digest = Sha256.of(records);
            if (!digest.equals(savedRecords)) {
                config.store().save(RECORDS, records);
                savedRecords = digest;
            }
        } catch (ClosedByInterruptException closing) {
            log.debug("stopped while it saved; what it knows is saved at the end");
        } catch (IOException full) {
            log.warn("cannot save what it knows: {}", full.getMessage());
        }
    }

    /** The last time, also for a thread that was told to stop, whose files the JDK would close. */
    void saveAtLast() {
        boolean wasInterrupted = Thread.interrupted();
        try {
            save();
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private ByteString table() {
        var contacts = new ArrayList<>(table.contacts());
        contacts.sort(Comparator.comparing(Contact::lost).thenComparing(Contact::since));
        var saved = SavedTable.newBuilder();
        for (var contact : contacts.subList(0, Math.min(CONTACTS_MAX, contacts.size()))) {
            saved.addContacts(encode(contact));
        }
        return saved.build().toByteString();
    }

    private ByteString records() {
        var saved = SavedRecords.newBuilder();
        for (var entry : holdings.records()) {
            saved.addRecords(
                    SavedRecord.newBuilder()
                            .setKey(entry.held().record().key())
                            .setValue(entry.held().record().value())
                            .setSinceMillis(entry.held().since().toEpochMilli())
                            .setEndMillis(entry.end().toEpochMilli()));
        }
        return saved.build().toByteString();
    }

    private static SavedContact encode(Contact contact) {
        var saved =
                SavedContact.newBuilder()
                        .setId(contact.id().multihash())
                        .setSinceMillis(contact.since().toEpochMilli())
                        .setSeenMillis(contact.seen().toEpochMilli());
        for (var address : KadCodec.bounded(contact.info()).addresses()) {
            saved.addAddresses(address.bytes());
        }
        return saved.build();
    }

    private static Contact decode(SavedContact saved) throws InvalidProtocolBufferException {
        if (saved.getId().isEmpty()) {
            throw new InvalidProtocolBufferException("a peer without id");
        }
        var info =
                new PeerInfo(
                        new PeerId(saved.getId()),
                        Multiaddr.decodeKnown(saved.getAddressesList(), ADDRESSES_MAX));
        return new Contact(
                info,
                Key.of(info.id()),
                AddressGroup.of(info),
                Instant.ofEpochMilli(saved.getSinceMillis()),
                Instant.ofEpochMilli(saved.getSeenMillis()),
                false);
    }
}
