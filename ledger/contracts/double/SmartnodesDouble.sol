// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// For tests: contracts of our own that answer to the signatures of the Smartnodes contracts and keep their
// rules, those that we hold for mistakes too. Both profiles; what differs between them is in the contracts at
// the end. Left out: governance, ether, the schedule of halvings, and all that a node does not call.

uint256 constant VALIDATOR_LOCK = 1_000_000 ether;
uint256 constant USER_LOCK = 100 ether;

abstract contract DoubleToken {
    error Token__InsufficientBalance();
    error Token__AlreadyLocked();
    error Token__CoreNotSet();
    error Token__CoreAlreadySet();
    error Token__InvalidMerkleProof();
    error Token__RewardsAlreadyClaimed();
    error Token__InvalidArrayLength();
    error Token__OnlyCore();

    event PaymentEscrowed(address indexed user, uint256 payment);
    event TokensLocked(address indexed user, bool isValidator, uint256 amount);
    event MerkleDistributionCreated(
        uint256 indexed distributionId, bytes32 merkleRoot, uint256 totalSnoRewards, uint256 totalEthRewards, uint256 timestamp
    );

    struct Kept {
        bytes32 root;
        uint128 sno;
        uint256 totalCapacity;
        uint256 timestamp;
    }

    uint256 private constant GENESIS = 2_000_000 ether;
    uint256 private constant EMISSION = 45_000 ether;
    uint256 private constant BATCH_MAX = 100;

    uint256 public totalSupply;
    uint256 public s_currentDistributionId;
    mapping(address => uint256) public balanceOf;
    mapping(uint256 => mapping(address => bool)) public s_claimed;
    mapping(uint256 => Kept) internal _kept;
    mapping(address => bool) private _locked;
    address private _core;

    constructor(address[] memory genesis) {
        for (uint256 i = 0; i < genesis.length; i++) _mint(genesis[i], GENESIS);
    }

    modifier onlyCore() {
        if (_core == address(0)) revert Token__CoreNotSet();
        if (msg.sender != _core) revert Token__OnlyCore();
        _;
    }

    /// Whoever comes first, as there.
    function setSmartnodes(address core, address) external {
        if (_core != address(0)) revert Token__CoreAlreadySet();
        _core = core;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function lockTokens(address user, bool isValidator) external onlyCore {
        if (_locked[user]) revert Token__AlreadyLocked();
        _locked[user] = true;
        uint256 amount = isValidator ? VALIDATOR_LOCK : USER_LOCK;
        _move(user, address(this), amount);
        emit TokensLocked(user, isValidator, amount);
    }

    function escrowPayment(address user, uint256 payment) external onlyCore {
        _move(user, address(this), payment);
        emit PaymentEscrowed(user, payment);
    }

    function createMerkleDistribution(bytes32 root, uint256 totalCapacity, address[] calldata approved, uint128 paid)
        external
        onlyCore
    {
        uint256 id = ++s_currentDistributionId;
        uint256 total = EMISSION + paid;
        for (uint256 i = 0; i < approved.length; i++) _mint(approved[i], total / 10 / approved.length);
        _mint(address(this), total / 20);
        if (totalCapacity == 0) return;
        uint128 workers = uint128(total - total / 10 - total / 20);
        _kept[id] = Kept(root, workers, totalCapacity, block.timestamp);
        emit MerkleDistributionCreated(id, root, total, 0, block.timestamp);
    }

    function claimMerkleRewards(uint256 id, uint256 capacity, bytes32[] calldata proof) external {
        uint256 reward = _reward(id, capacity, proof);
        s_claimed[id][msg.sender] = true;
        _mint(msg.sender, reward);
        _tellClaimed(id, msg.sender, reward);
    }

    function batchClaimMerkleRewards(uint256[] calldata ids, uint256[] calldata capacities, bytes32[][] calldata proofs)
        external
    {
        if (ids.length == 0 || ids.length > BATCH_MAX || ids.length != capacities.length || ids.length != proofs.length) {
            revert Token__InvalidArrayLength();
        }
        uint256 total;
        for (uint256 i = 0; i < ids.length; i++) {
            uint256 reward = _reward(ids[i], capacities[i], proofs[i]);
            total += reward;
            _afterEach(ids[i]);
            _tellClaimed(ids[i], msg.sender, reward);
        }
        for (uint256 i = 0; i < ids.length; i++) s_claimed[ids[i]][msg.sender] = true;
        _mint(msg.sender, total);
    }

    function _reward(uint256 id, uint256 capacity, bytes32[] calldata proof) private view returns (uint256) {
        if (s_claimed[id][msg.sender]) revert Token__RewardsAlreadyClaimed();
        Kept storage kept = _kept[id];
        bytes32 node = keccak256(abi.encode(msg.sender, capacity, id));
        for (uint256 i = 0; i < proof.length; i++) {
            node = node <= proof[i]
                ? keccak256(abi.encodePacked(node, proof[i]))
                : keccak256(abi.encodePacked(proof[i], node));
        }
        if (kept.root == 0 || node != kept.root) revert Token__InvalidMerkleProof();
        return uint256(kept.sno) * capacity / kept.totalCapacity;
    }

    function _mint(address to, uint256 amount) private {
        totalSupply += amount;
        balanceOf[to] += amount;
    }

    function _move(address from, address to, uint256 amount) private {
        if (balanceOf[from] < amount) revert Token__InsufficientBalance();
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }

    /// What is done for each claim of a batch before the next one is looked at.
    function _afterEach(uint256 id) internal virtual;

    function _tellClaimed(uint256 id, address worker, uint256 amount) internal virtual;
}

/// One contract for both profiles: a node calls nothing that differs.
contract DoubleCore {
    error Core__InvalidUser();
    error Core__InvalidPayment();
    error Core__InvalidArrayLength();
    error Core__JobExists();
    error Core__NotValidatorMultisig();
    error Core__NodeExists();

    event JobCreated(bytes32 indexed jobId, bytes32 indexed owner, string network, uint128 payment, bool payWithSNO);
    event JobCompleted(bytes32 indexed jobId, uint128 payment, bool payWithSNO);

    struct Node {
        bool locked;
        bytes32 publicKeyHash;
    }

    struct Job {
        bool exists;
        /// The low 80 bits of what was paid, as there.
        uint80 payment;
    }

    DoubleToken private immutable _token;
    address private _coordinator;
    mapping(address => Node) public validators;
    mapping(address => Node) public users;
    mapping(bytes32 => Job) public jobs;

    constructor(address token) {
        _token = DoubleToken(token);
    }

    /// Whoever comes first, as there.
    function setCoordinator(address coordinator) external {
        require(_coordinator == address(0));
        _coordinator = coordinator;
    }

    function createValidator(bytes32 publicKeyHash) external {
        _create(validators, publicKeyHash, true);
    }

    function createUser(bytes32 publicKeyHash) external {
        _create(users, publicKeyHash, false);
    }

    function _create(mapping(address => Node) storage nodes, bytes32 publicKeyHash, bool isValidator) private {
        if (nodes[msg.sender].locked) revert Core__NodeExists();
        nodes[msg.sender] = Node(true, publicKeyHash);
        _token.lockTokens(msg.sender, isValidator);
    }

    function requestJob(
        bytes32 userId,
        bytes32 jobId,
        string calldata network,
        uint256[] calldata capacities,
        uint128 payment
    ) external payable {
        if (!users[msg.sender].locked || users[msg.sender].publicKeyHash != userId) revert Core__InvalidUser();
        if (capacities.length == 0) revert Core__InvalidArrayLength();
        if (msg.value > 0 || payment == 0) revert Core__InvalidPayment();
        if (jobs[jobId].exists) revert Core__JobExists();
        _token.escrowPayment(msg.sender, payment);
        jobs[jobId] = Job(true, uint80(payment));
        emit JobCreated(jobId, userId, network, payment, true);
    }

    function updateContract(bytes32[] calldata jobIds, bytes32 root, uint256 totalCapacity, address[] calldata approved)
        external
    {
        if (msg.sender != _coordinator) revert Core__NotValidatorMultisig();
        uint128 paid;
        for (uint256 i = 0; i < jobIds.length; i++) {
            uint80 payment = jobs[jobIds[i]].payment;
            if (jobs[jobIds[i]].exists) emit JobCompleted(jobIds[i], payment, true);
            paid += payment;
            delete jobs[jobIds[i]];
        }
        _token.createMerkleDistribution(root, totalCapacity, approved, paid);
    }

    function getValidatorInfo(address validator) external view returns (bool, bytes32) {
        return (validators[validator].locked, validators[validator].publicKeyHash);
    }
}

abstract contract DoubleCoordinator {
    error Coordinator__NotValidator();
    error Coordinator__NotEligibleValidator();
    error Coordinator__AlreadySubmittedProposal();
    error Coordinator__AlreadyVoted();
    error Coordinator__InvalidProposalNumber();
    error Coordinator__ProposalTooEarly();
    error Coordinator__NotEnoughVotes();
    error Coordinator__ProposalDataMismatch();
    error Coordinator__MustBeProposalCreator();
    error Coordinator__ValidatorAlreadyExists();

    event ProposalCreated(uint256 indexed proposalId, bytes32 indexed proposalHash, address indexed creator);
    event ProposalExecuted(uint256 indexed proposalId, bytes32 indexed proposalHash);
    event ValidatorAdded(address indexed validator);
    event ValidatorRemoved(address indexed validator);
    event NewRoundStarted(uint256 indexed roundNumber, address[] selectedValidators);

    struct Proposal {
        address creator;
        uint8 proposalNum;
        uint32 votes;
        bytes32 proposalHash;
    }

    struct TimeConfig {
        uint128 updateTime;
        uint128 lastExecutionTime;
    }

    DoubleCore private immutable _core;
    TimeConfig public timeConfig;
    uint256 public nextProposalId = 1;
    address[] private _validators;
    address[] private _selected;
    Proposal[] private _proposals;
    /// Where each round keeps who has done what, so that a new one begins with nothing.
    uint256 private _wipes;
    mapping(uint256 => mapping(address => uint8)) private _submitted;
    mapping(uint256 => mapping(address => uint8)) private _voted;
    mapping(uint256 => mapping(uint8 => address[])) private _voters;

    constructor(uint128 updateTime, address core) {
        _core = DoubleCore(core);
        timeConfig.updateTime = updateTime;
    }

    modifier onlyValidator() {
        if (!_isIn(_validators, msg.sender)) revert Coordinator__NotValidator();
        _;
    }

    function addValidator() external {
        (bool locked,) = _core.getValidatorInfo(msg.sender);
        if (!locked) revert Coordinator__NotValidator();
        if (_isIn(_validators, msg.sender)) revert Coordinator__ValidatorAlreadyExists();
        _validators.push(msg.sender);
        if (_selected.length == 0) _selected.push(msg.sender);
        emit ValidatorAdded(msg.sender);
    }

    function createProposal(bytes32 proposalHash) external onlyValidator {
        if (block.timestamp < timeConfig.lastExecutionTime + timeConfig.updateTime) {
            revert Coordinator__ProposalTooEarly();
        }
        if (isRoundExpired()) _wipe();
        else if (!_isIn(_selected, msg.sender)) revert Coordinator__NotEligibleValidator();
        if (_submitted[_wipes][msg.sender] != 0) revert Coordinator__AlreadySubmittedProposal();
        uint8 number = uint8(_proposals.length) + 1;
        _proposals.push(Proposal(msg.sender, number, 0, proposalHash));
        _submitted[_wipes][msg.sender] = number;
        emit ProposalCreated(number, proposalHash, msg.sender);
    }

    function voteForProposal(uint8 number) external onlyValidator {
        if (number == 0 || number > _proposals.length) revert Coordinator__InvalidProposalNumber();
        if (_voted[_wipes][msg.sender] != 0) revert Coordinator__AlreadyVoted();
        _voted[_wipes][msg.sender] = number;
        _voters[_wipes][number].push(msg.sender);
        _proposals[number - 1].votes++;
    }

    function executeProposal(
        uint8 number,
        bytes32 merkleRoot,
        uint256 totalCapacity,
        address[] calldata remove,
        bytes32[] calldata jobHashes,
        bytes32 workersHash,
        bytes32 capacitiesHash
    ) external onlyValidator {
        if (number == 0 || number > _proposals.length) revert Coordinator__InvalidProposalNumber();
        Proposal memory proposal = _proposals[number - 1];
        if (proposal.creator != msg.sender) revert Coordinator__MustBeProposalCreator();
        if (proposal.votes < getRequiredApprovals()) revert Coordinator__NotEnoughVotes();
        if (_hash(number, merkleRoot, remove, jobHashes, workersHash, capacitiesHash) != proposal.proposalHash) {
            revert Coordinator__ProposalDataMismatch();
        }
        address[] memory approved = _voters[_wipes][number];
        for (uint256 i = 0; i < remove.length; i++) _remove(remove[i]);
        _wipe();
        timeConfig.lastExecutionTime = uint128(block.timestamp);
        nextProposalId++;
        _select();
        emit ProposalExecuted(number, proposal.proposalHash);
        _core.updateContract(jobHashes, merkleRoot, totalCapacity, approved);
    }

    function _hash(uint8, bytes32, address[] calldata, bytes32[] calldata, bytes32, bytes32)
        internal
        pure
        virtual
        returns (bytes32);

    function _wipe() private {
        delete _proposals;
        _wipes++;
    }

    /// The first of the list; which ones the original draws by chance a node cannot foresee either.
    function _select() private {
        delete _selected;
        uint256 n = _validators.length;
        uint256 count = n < 2 ? 1 : n < 5 ? 2 : n < 10 ? 3 : 5;
        for (uint256 i = 0; i < count && i < n; i++) _selected.push(_validators[i]);
        emit NewRoundStarted(nextProposalId, _selected);
    }

    function _remove(address validator) private {
        for (uint256 i = 0; i < _validators.length; i++) {
            if (_validators[i] == validator) {
                _validators[i] = _validators[_validators.length - 1];
                _validators.pop();
                emit ValidatorRemoved(validator);
                return;
            }
        }
    }

    function _isIn(address[] storage list, address account) private view returns (bool) {
        for (uint256 i = 0; i < list.length; i++) if (list[i] == account) return true;
        return false;
    }

    function isRoundExpired() public view returns (bool) {
        return block.timestamp > timeConfig.lastExecutionTime + timeConfig.updateTime * 5 / 4;
    }

    function getRequiredApprovals() public view returns (uint256) {
        return _validators.length / 2 + 1;
    }

    function getValidators() external view returns (address[] memory) {
        return _validators;
    }

    function getNumProposals() external view returns (uint8) {
        return uint8(_proposals.length);
    }

    function getProposal(uint8 number) external view returns (Proposal memory) {
        if (number == 0 || number > _proposals.length) revert Coordinator__InvalidProposalNumber();
        return _proposals[number - 1];
    }

    function getState() external view returns (uint256, uint256, address[] memory) {
        return (nextProposalId, timeConfig.lastExecutionTime, _selected);
    }
}

contract ShippedToken is DoubleToken {
    event TokenRewardsClaimed(address indexed user, uint256 amount);

    constructor(address[] memory genesis) DoubleToken(genesis) {}

    function s_distributions(uint256 id)
        external
        view
        returns (bytes32, uint128, uint128, uint256, bool, uint256, uint256)
    {
        Kept memory kept = _kept[id];
        return (kept.root, kept.sno, 0, kept.totalCapacity, kept.root != 0, kept.timestamp, id);
    }

    function _afterEach(uint256 id) internal override {
        s_claimed[id][msg.sender] = true;
    }

    function _tellClaimed(uint256, address worker, uint256 amount) internal override {
        emit TokenRewardsClaimed(worker, amount);
    }
}

contract HeadToken is DoubleToken {
    event TokenRewardsClaimed(uint256 indexed distributionId, address indexed user, uint256 amount);

    uint256 public immutable i_deploymentTimestamp = block.timestamp;

    constructor(address[] memory genesis) DoubleToken(genesis) {}

    function s_distributions(uint256 id) external view returns (bytes32, uint128, uint128, uint256, uint256, uint256) {
        Kept memory kept = _kept[id];
        return (kept.root, kept.sno, 0, kept.totalCapacity, kept.timestamp, id);
    }

    /// Nothing, so that one claim can be in a batch many times.
    function _afterEach(uint256) internal override {}

    function _tellClaimed(uint256 id, address worker, uint256 amount) internal override {
        emit TokenRewardsClaimed(id, worker, amount);
    }
}

contract ShippedCoordinator is DoubleCoordinator {
    constructor(uint128 updateTime, uint8, address core, address[] memory) DoubleCoordinator(updateTime, core) {}

    function currentRoundNumber() external view returns (uint256) {
        return nextProposalId;
    }

    function _hash(
        uint8 number,
        bytes32 root,
        address[] calldata remove,
        bytes32[] calldata jobs,
        bytes32 workers,
        bytes32 capacities
    ) internal pure override returns (bytes32) {
        return keccak256(abi.encode(number, root, remove, jobs, workers, capacities));
    }
}

contract HeadCoordinator is DoubleCoordinator {
    constructor(uint128 updateTime, uint8, address core, address, address[] memory)
        DoubleCoordinator(updateTime, core)
    {}

    function _hash(
        uint8,
        bytes32 root,
        address[] calldata remove,
        bytes32[] calldata jobs,
        bytes32 workers,
        bytes32 capacities
    ) internal pure override returns (bytes32) {
        return keccak256(abi.encode(root, remove, jobs, workers, capacities));
    }
}
