---@meta
--- Actors and tasks as the API gives them, for editors; never loaded. A field that is null is absent.
--- Not to be edited: spec/setup/types.lua writes it, from version v2-2026-08-05T133145Z of the API's OpenAPI document.

---@class apify.Actor
---@field createdAt string The date and time the Actor was created
---@field defaultRunOptions apify.DefaultRunConfiguration
---@field id string The ID of the Actor
---@field isPublic boolean Whether the Actor is available to users in Apify Store
---@field modifiedAt string The date and time the Actor was last modified
---@field name string The name of the Actor
---@field stats apify.ActorStats
---@field userId string The ID of the user who owns the Actor
---@field username string The username of the Actor owner
---@field versions apify.ActorVersion[] An array of `Version` objects
---@field actorPermissionLevel? apify.ActorPermissionLevel
---@field actorStandby? apify.ActorStandby
---@field categories? string[] A list of categories that best define the Actor
---@field deploymentKey? string The Actor's public SSH key, used as a deployment key for private Git repositories
---@field description? string Short description of the Actor, displayed in Apify Store and Console
---@field exampleRunInput? apify.ExampleRunInput
---@field hasNoDataset? boolean Whether the Actor stores results in a dataset
---@field isCritical? boolean Whether the Actor is maintained by Apify
---@field isDeprecated? boolean Whether the Actor is deprecated
---@field isGeneric? boolean Whether the Actor is intended for developers
---@field isSourceCodeHidden? boolean Whether the Actor's source files are hidden on its detail page
---@field notice? apify.ActorNotice
---@field pictureUrl? string URL of the Actor's icon, displayed on the Actor's page in Apify Store and Console
---@field pricingInfos? apify.ActorRunPricingInfo[]
---@field readmeSummary? string An AI-generated Markdown summary of the Actor's README, optimized for search and AI agents
---@field restartOnError? boolean
---@field seoDescription? string Description of the Actor to display by search engines such as Google
---@field seoTitle? string Name of the Actor to display by search engines such as Google
---@field standbyUrl? string
---@field taggedBuilds? table<string, apify.TaggedBuildInfo>
---@field title? string Human-readable name of the Actor, displayed in Apify Store and Console

---@class apify.ActorRow
---@field createdAt string
---@field id string
---@field modifiedAt string
---@field name string
---@field username string
---@field stats? apify.ActorStats
---@field title? string

---@class apify.ActorTask
---@field actId string
---@field createdAt string
---@field id string
---@field modifiedAt string
---@field name string
---@field userId string
---@field actorStandby? apify.ActorStandby
---@field input? table
---@field options? apify.ActorTaskConfiguration
---@field removedAt? string
---@field standbyUrl? string
---@field stats? apify.ActorTaskStats
---@field title? string
---@field username? string

---@class apify.ActorTaskRow
---@field actId string
---@field createdAt string
---@field id string
---@field modifiedAt string
---@field name string
---@field userId string
---@field actName? string
---@field actUsername? string
---@field stats? apify.ActorTaskStats
---@field username? string

--- Determines the permission level that the Actor requires to run
---@alias apify.ActorPermissionLevel
---| "LIMITED_PERMISSIONS"
---| "FULL_PERMISSIONS"
---| string

---@class apify.ActorStandby
---@field build? string Which build to run in standby mode
---@field desiredRequestsPerActorRun? integer Target number of concurrent HTTP requests a single run is configured to handle
---@field disableStandbyFieldsOverride? boolean If `true`, prevents the standby mode configuration from being overridden elsewhere
---@field idleTimeoutSecs? integer In seconds, how long a run can stay idle without incoming requests before it's terminated
---@field isEnabled? boolean Whether standby mode is enabled for the Actor
---@field maxRequestsPerActorRun? integer Maximum number of concurrent HTTP requests that can be routed to a single run
---@field memoryMbytes? integer In MB, the amount of memory allocated to the run
---@field shouldPassActorInput? boolean Whether to pass the Actor's input to the standby run

--- The default settings applied to an Actor run
---@class apify.DefaultRunConfiguration
---@field build? string Which build to run
---@field forcePermissionLevel? apify.ActorPermissionLevel
---@field maxItems? integer Maximum number of items the run might produce
---@field memoryMbytes? integer In MB, the amount of memory allocated to the run
---@field restartOnError? boolean Whether to automatically restart the run if it fails
---@field timeoutSecs? integer Timeout in seconds. 0 if no timeout

---@class apify.ExampleRunInput
---@field body? string Sample input, serialized as a string
---@field contentType? string MIME type of `body`

--- A warning displayed on the Actor's page in Apify Store and Console
---@alias apify.ActorNotice
---| "NONE"
---| "RESIDENTIAL_PROXY_REQUIRED"
---| "UNDER_MAINTENANCE"
---| string

--- Usage statistics and Apify Store metrics for the Actor
---@class apify.ActorStats
---@field actorReviewCount? integer The number of reviews the Actor has received in Apify Store
---@field actorReviewRating? number The average rating of the Actor in Apify Store
---@field bookmarkCount? integer The number of users who bookmarked the Actor in Apify Store
---@field lastRunStartedAt? string The date and time the most recent run of the Actor started
---@field publicActorRunStats30Days? { ABORTED?: integer, FAILED?: integer, SUCCEEDED?: integer, ["TIMED-OUT"]?: integer, TOTAL?: integer }
---@field totalBuilds? integer The total number of builds of the Actor
---@field totalMetamorphs? integer
---@field totalRuns? integer The total number of runs of the Actor
---@field totalUsers? integer The total number of Actor users, including its owner
---@field totalUsers30Days? integer The number of active users of the Actor in the last 30 days
---@field totalUsers7Days? integer The number of active users of the Actor in the last 7 days
---@field totalUsers90Days? integer The number of active users of the Actor in the last 90 days

--- Information about a tagged build
---@class apify.TaggedBuildInfo
---@field buildId? string The ID of the build associated with this tag
---@field buildNumber? string The build number/version string
---@field buildNumberInt? integer The build number encoded as a single integer
---@field finishedAt? string The timestamp when the build finished

---@class apify.ActorVersion
---@field versionNumber string The version number of the Actor
---@field applyEnvVarsToBuild? boolean Whether to inject the environment variables at build time
---@field buildTag? string The tag name to apply to a successful build of this version
---@field envVars? apify.EnvVar[] Environment variables for the version
---@field gitHubGistUrl? string URL of the GitHub Gist to clone the source code from
---@field gitRepoUrl? string URL of the Git repository to clone the source code from
---@field sourceFiles? (apify.SourceCodeFile|apify.SourceCodeFolder)[] Applies when the `sourceType` is `SOURCE_FILES`
---@field sourceType? apify.VersionSourceType Where the source code of the version lives
---@field tarballUrl? string URL to download the source code from as a tarball or ZIP file

---@class apify.ActorTaskConfiguration
---@field build? string
---@field maxItems? integer
---@field maxTotalChargeUsd? number
---@field memoryMbytes? integer
---@field restartOnError? boolean
---@field timeoutSecs? integer

---@class apify.ActorTaskStats
---@field totalRuns? integer

---@class apify.EnvVar
---@field name string The name of the environment variable
---@field isSecret? boolean Whether the environment variable is encrypted
---@field value? string The value of the environment variable

--- Represents a single file in the Actor's source code
---@class apify.SourceCodeFile
---@field name string The path of the file relative to the Actor's root directory
---@field content? string The contents of the file
---@field format? apify.SourceCodeFileFormat Format of the file's content, `TEXT` for plain text and `BASE64` for encoded content

--- Represents a folder in the Actor's source code structure
---@class apify.SourceCodeFolder
---@field folder boolean Whether it's a folder
---@field name string The path of the folder relative to the Actor's root directory

---@alias apify.VersionSourceType
---| "SOURCE_FILES"
---| "GIT_REPO"
---| "TARBALL"
---| "GITHUB_GIST"
---| "SOURCE_CODE"
---| string

---@alias apify.SourceCodeFileFormat
---| "BASE64"
---| "TEXT"
---| string
