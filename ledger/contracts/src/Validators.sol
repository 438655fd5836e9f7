// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Credits, Signature} from "./Credits.sol";
import {Notice, Notices} from "./Notices.sol";

/// Who validates: accounts with collateral, and where their nodes are found.
///
/// Collateral leaves after a delay in which it can still be slashed. A validator that has given notice
/// for so much that less than the minimum stays is a validator no longer.
abstract contract Validators is Credits {
    using Notices for Notice;

    struct Stake {
        address validator;
        uint128 cumulative;
    }

    struct Unstake {
        address validator;
        uint128 cumulative;
    }

    /// What others need to reach a validator's node, signed by the node's own key inside.
    struct PeerRecord {
        address validator;
        bytes record;
        uint64 serial;
    }

    struct Collateral {
        /// Leaving or not, not yet taken back or slashed.
        uint128 held;
        uint128 staked;
        Notice notice;
        /// From 1 in the list of validators; 0 for an account that is none.
        uint64 place;
        /// Of the newest peer record.
        uint64 serial;
        /// For good: the same evidence must not take what is put up later.
        bool slashed;
    }

    error NotValidator();
    error RecordTooLarge();
    error QuorumMissing();

    event Staked(address indexed validator, uint128 amount, uint128 cumulative);
    event UnstakeNoticed(address indexed validator, uint128 leaving, uint64 ends);
    event Unstaked(address indexed validator, uint128 amount);
    event ValidatorJoined(address indexed validator);
    event ValidatorLeft(address indexed validator);
    event PeerAnnounced(address indexed validator, uint64 serial, bytes record);
    event Slashed(address indexed validator, address indexed reporter, uint128 burned, uint128 reported);

    uint256 public constant RECORD_BYTES_MAX = 2048;

    /// What of slashed collateral goes to the reporter, in hundredths; the rest is burned.
    uint128 public constant REPORTER_PERCENT = 10;

    bytes32 private constant STAKE = keccak256("Stake(address validator,uint128 cumulative)");
    bytes32 private constant UNSTAKE = keccak256("Unstake(address validator,uint128 cumulative)");
    bytes32 private constant PEER_RECORD =
        keccak256("PeerRecord(address validator,bytes record,uint64 serial)");

    /// The least collateral of a validator.
    uint128 public immutable stakeMin;

    /// How long collateral can still be slashed after notice.
    uint64 public immutable unstakeDelay;

    mapping(address validator => Collateral) internal _collaterals;
    mapping(address validator => bytes) private _records;
    address[] private _validators;

    constructor(uint128 stakeMin_, uint64 unstakeDelay_) {
        stakeMin = stakeMin_;
        unstakeDelay = unstakeDelay_;
    }

    function validatorCount() public view returns (uint256) {
        return _validators.length;
    }

    /// Up to `limit` validators and the records of their nodes, from place `first` on, counted from 0.
    function validators(uint256 first, uint256 limit)
        external
        view
        returns (address[] memory accounts, bytes[] memory records)
    {
        uint256 left = first < _validators.length ? _validators.length - first : 0;
        uint256 count = limit < left ? limit : left;
        accounts = new address[](count);
        records = new bytes[](count);
        for (uint256 i = 0; i < count; i++) {
            accounts[i] = _validators[first + i];
            records[i] = _records[accounts[i]];
        }
    }

    /// How an account stands, and where its node is.
    function registration(address account) external view returns (Collateral memory, bytes memory record) {
        return (_collaterals[account], _records[account]);
    }

    /// Moves credits into collateral up to a sum since the beginning; false when it was put up before.
    function stake(Stake calldata m, Signature calldata signature) external returns (bool) {
        Collateral storage c = _collaterals[m.validator];
        if (c.slashed) revert NotValidator();
        if (m.cumulative <= c.staked) return false;
        uint128 amount = m.cumulative - c.staked;
        _setAside(m.validator, amount);
        _requireSigned(m.validator, keccak256(abi.encode(STAKE, m)), signature);
        c.staked = m.cumulative;
        c.held += amount;
        emit Staked(m.validator, amount, m.cumulative);
        _seat(m.validator, c);
        return true;
    }

    /// Gives notice to take back collateral, up to a sum since the beginning; false when noticed already.
    function noticeUnstake(Unstake calldata m, Signature calldata signature) external returns (bool) {
        Collateral storage c = _collaterals[m.validator];
        if (!c.notice.give(m.cumulative, unstakeDelay)) return false;
        _requireSigned(m.validator, keccak256(abi.encode(UNSTAKE, m)), signature);
        emit UnstakeNoticed(m.validator, c.notice.leaving, c.notice.ends);
        _seat(m.validator, c);
        return true;
    }

    /// Returns to a validator's credits what it gave notice of, as far as it was not slashed.
    function unstake(address validator) external returns (uint128 amount) {
        Collateral storage c = _collaterals[validator];
        amount = c.notice.take();
        if (amount > c.held) amount = c.held;
        if (amount == 0) return 0;
        c.held -= amount;
        _release(validator, amount);
        emit Unstaked(validator, amount);
        _seat(validator, c);
    }

    /// Says where a validator's node is; false when this record or a newer one is known.
    function announce(PeerRecord calldata m, Signature calldata signature) external returns (bool) {
        Collateral storage c = _collaterals[m.validator];
        if (c.place == 0) revert NotValidator();
        if (m.serial <= c.serial) return false;
        if (m.record.length > RECORD_BYTES_MAX) revert RecordTooLarge();
        bytes32 structHash = keccak256(abi.encode(PEER_RECORD, m.validator, keccak256(m.record), m.serial));
        _requireSigned(m.validator, structHash, signature);
        c.serial = m.serial;
        _records[m.validator] = m.record;
        emit PeerAnnounced(m.validator, m.serial, m.record);
        return true;
    }

    /// Takes all collateral of a validator that was proven to have said two things, and bars it.
    function _slash(address validator, address reporter) internal {
        Collateral storage c = _collaterals[validator];
        uint128 held = c.held;
        if (held == 0) revert NotValidator();
        c.slashed = true;
        uint128 reported = uint128(uint256(held) * REPORTER_PERCENT / 100);
        c.held = 0;
        c.notice.leaving = 0;
        _release(reporter, reported);
        _burn(address(this), held - reported);
        emit Slashed(validator, reporter, held - reported, reported);
        _seat(validator, c);
    }

    /// More than two thirds.
    function _quorum() internal view returns (uint256) {
        return 2 * _validators.length / 3 + 1;
    }

    /// Requires signatures of so many validators, in the order of their accounts, each once.
    function _requireValidators(uint256 needed, bytes32 structHash, Signature[] calldata signatures)
        internal
        view
    {
        if (signatures.length < needed) revert QuorumMissing();
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = _signer(structHash, signatures[i]);
            if (signer <= last || _collaterals[signer].place == 0) revert BadSignature();
            last = signer;
        }
    }

    /// Puts an account on the list of validators or takes it off, by what stays of its collateral.
    function _seat(address account, Collateral storage c) private {
        bool validates = c.held >= uint256(stakeMin) + c.notice.leaving;
        if (validates && c.place == 0) {
            _validators.push(account);
            c.place = uint64(_validators.length);
            emit ValidatorJoined(account);
        } else if (!validates && c.place != 0) {
            address last = _validators[_validators.length - 1];
            _validators[c.place - 1] = last;
            _collaterals[last].place = c.place;
            _validators.pop();
            c.place = 0;
            delete _records[account];
            emit ValidatorLeft(account);
        }
    }
}
