// The storage adapter that oidc-provider asks for, on Redis: one JSON hash field per artefact with the
// artefact's own lifetime, a list of artefacts per grant, and two look-up keys. Every call is one round trip
// (a MULTI where several keys change together), so that the peer is not slowed by its glue.
import { Redis } from 'ioredis';

const PREFIX = 'op:';
const GRANTABLE = new Set([
  'AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest',
]);
const CONSUMABLE = new Set([
  'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest', 'PushedAuthorizationRequest',
]);

let client;

export function connect(address) {
  client = new Redis(address, { enableAutoPipelining: false, enableReadyCheck: true });
  return client;
}

const grantKey = (id) => `${PREFIX}grant:${id}`;
const uidKey = (uid) => `${PREFIX}uid:${uid}`;
const userCodeKey = (userCode) => `${PREFIX}userCode:${userCode}`;

export class RedisAdapter {
  constructor(name) {
    this.name = name;
    this.isConsumable = CONSUMABLE.has(name);
  }

  key(id) {
    return `${PREFIX}${this.name}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    const json = JSON.stringify(payload);
    const multi = client.multi();
    if (this.isConsumable) {
      multi.hset(key, 'payload', json);
      if (expiresIn) multi.expire(key, expiresIn);
    } else if (expiresIn) {
      multi.set(key, json, 'EX', expiresIn);
    } else {
      multi.set(key, json);
    }
    if (GRANTABLE.has(this.name) && payload.grantId) {
      const list = grantKey(payload.grantId);
      multi.rpush(list, key);
      // GT leaves a longer lifetime in place; a list without one gets it on its first push (NX).
      if (expiresIn) {
        multi.expire(list, expiresIn, 'NX');
        multi.expire(list, expiresIn, 'GT');
      }
    }
    if (payload.userCode) multi.set(userCodeKey(payload.userCode), id, 'EX', expiresIn);
    if (payload.uid) multi.set(uidKey(payload.uid), id, 'EX', expiresIn);
    for (const [error] of await multi.exec()) if (error) throw error;
  }

  async find(id) {
    if (!this.isConsumable) {
      const json = await client.get(this.key(id));
      return json ? JSON.parse(json) : undefined;
    }
    const [json, consumed] = await client.hmget(this.key(id), 'payload', 'consumed');
    if (!json) return undefined;
    const payload = JSON.parse(json);
    if (consumed) payload.consumed = Number(consumed);
    return payload;
  }

  async findByUid(uid) {
    const id = await client.get(uidKey(uid));
    return id ? this.find(id) : undefined;
  }

  async findByUserCode(userCode) {
    const id = await client.get(userCodeKey(userCode));
    return id ? this.find(id) : undefined;
  }

  async consume(id) {
    await client.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
  }

  async destroy(id) {
    await client.del(this.key(id));
  }

  async revokeByGrantId(grantId) {
    const list = grantKey(grantId);
    const members = await client.lrange(list, 0, -1);
    await client.del(list, ...members);
  }
}
