---@meta
--- Builds as the API gives them, for editors; never loaded. A field that is null is absent.
--- Not to be edited: spec/setup/types.lua writes it, from version v2-2026-08-05T133145Z of the API's OpenAPI document.

---@class apify.Build
---@field actId string
---@field buildNumber string
---@field id string
---@field meta apify.BuildsMeta
---@field startedAt string
---@field status apify.RunStatus
---@field userId string
---@field actVersion? apify.BuildActVersion Snapshot of the Actor version that this build was created from
---@field actorDefinition? apify.ActorDefinition
---@field finishedAt? string
---@field inputSchema? string
---@field options? apify.BuildConfiguration
---@field readme? string
---@field stats? apify.BuildStats
---@field usage? apify.BuildUsage
---@field usageTotalUsd? number Total cost in USD for this build
---@field usageUsd? apify.BuildUsage Platform usage costs breakdown in USD for this build

---@class apify.BuildRow
---@field buildNumber string
---@field id string
---@field startedAt string
---@field status apify.RunStatus
---@field usageTotalUsd number
---@field actId? string
---@field buildNumberInt? integer
---@field finishedAt? string
---@field meta? apify.BuildsMeta
---@field userId? string

--- Snapshot of the Actor version that this build was created from
---@class apify.BuildActVersion
---@field buildTag? string
---@field gitRepoUrl? string URL of the git repository, present when sourceType is GIT_REPO
---@field sourceFiles? apify.SourceCodeFile[] Inline source files, present when sourceType is SOURCE_FILES
---@field sourceType? apify.VersionSourceType
---@field versionNumber? string

---@class apify.ActorDefinition
---@field actorSpecification? integer The Actor specification version that this Actor follows
---@field buildTag? string The tag name to be applied to a successful build of the Actor
---@field changelog? string The path to the CHANGELOG file displayed in the Actor's information tab
---@field defaultMemoryMbytes? string|integer Specifies the default amount of memory in megabytes to be used when the Actor is started
---@field dockerContextDir? string The path to the directory used as the Docker context when building the Actor
---@field dockerfile? string The path to the Dockerfile used for building the Actor on the platform
---@field environmentVariables? table<string, string> A map of environment variables to be used during local development and deployment
---@field input? table The input schema object, the full specification can be found in Apify docs
---@field maxMemoryMbytes? integer Specifies the maximum amount of memory in megabytes required by the Actor
---@field minMemoryMbytes? integer Specifies the minimum amount of memory in megabytes required by the Actor
---@field name? string The name of the Actor
---@field readme? string The path to the README file for the Actor
---@field storages? { dataset?: table }
---@field usesStandbyMode? boolean Specifies whether Standby mode is enabled for the Actor
---@field version? string

---@class apify.BuildsMeta
---@field origin apify.RunOrigin
---@field clientIp? string IP address of the client that started the build
---@field userAgent? string User agent of the client that started the build

---@class apify.BuildConfiguration
---@field betaPackages? boolean
---@field diskMbytes? integer
---@field memoryMbytes? integer
---@field useCache? boolean

---@class apify.BuildStats
---@field computeUnits? number
---@field durationMillis? integer
---@field imageSizeBytes? integer
---@field runTimeSecs? number

---@class apify.BuildUsage
---@field ACTOR_COMPUTE_UNITS? number
